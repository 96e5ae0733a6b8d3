import type { HonoRequest } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { ApiParts } from './api-parts.ts'
import { protoMember } from '../json.ts'
import type { HttpEnv } from './http-env.ts'
import { isMultipart, jsonOfForm } from './multipart.ts'
import { HttpProblem } from './problem.ts'
import { requireScope } from './route-parts.ts'
import { createUploads } from './uploads.ts'

/** Where pictures and files may come along. */
const WITH_FILES = /^\/v1\/runs(\/[^/]+\/messages)?$/

/** Reads the body of every request that may have one: JSON in UTF-8 or a form with files, not compressed, of so many bytes at most. */
export const readJsonBody = ({ settings }: Pick<ApiParts, 'settings'>) => {
  const uploads = createUploads()
  return createMiddleware<HttpEnv>(async (c, next) => {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next()
    const type = c.req.header('content-type')
    const isForm = type !== undefined && isMultipart(type) && WITH_FILES.test(c.req.path)
    requireReadable(c.req, isForm)
    if (!isForm) {
      const bytes = await bytesOf(c.req, settings.bodyLimitBytes)
      if (bytes.length > 0 && type === undefined) throw otherType('none')
      setBody(c.req, textOf(bytes))
      return next()
    }
    // Before so much is read of it.
    requireScope(c.get('access'), 'write')
    const end = uploads.begin(c.get('access').name)
    try {
      setBody(c.req, await jsonOfForm(await bytesOf(c.req, settings.uploadLimitBytes), type, settings.bodyLimitBytes))
      await next()
    } finally {
      end()
    }
  })
}

/** Letters of its name may be written as escapes. */
const MAY_HAVE_PROTO = /__proto__|\\u00/i

const refuseProto = (text: string): void => {
  if (!MAY_HAVE_PROTO.test(text)) return
  const proto = protoMember(parsed(text))
  if (proto === undefined) return
  throw new HttpProblem('InvalidInput', `Expected a body of JSON without a member ${proto}`, {
    errors: [{ field: `body${proto.slice(1)}`, message: 'expected no such member' }],
  })
}

/** What is no JSON is refused by whoever reads it. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const setBody = (req: HonoRequest, text: string): void => {
  refuseProto(text)
  const { signal } = req.raw
  const headers = new Headers(req.raw.headers)
  if (text !== '') headers.set('content-type', JSON_TYPE)
  req.raw = new Request(req.url, { method: req.method, headers, signal, ...(text === '' ? {} : { body: text }) })
}

const JSON_TYPE = 'application/json'

const requireReadable = (req: HonoRequest, isForm: boolean): void => {
  const encoding = req.header('content-encoding')?.trim().toLowerCase()
  if (encoding !== undefined && encoding !== 'identity') {
    throw new HttpProblem('UnsupportedMediaType', `Expected a body without compression, found Content-Encoding: ${encoding}`, {
      headers: { 'accept-encoding': 'identity' },
    })
  }
  const type = req.header('content-type')
  if (type !== undefined && !isForm && !isJson(type)) throw otherType(type)
}

/** `application/json`, where a charset is given only in UTF-8. */
const isJson = (type: string): boolean => /^application\/json *(; *charset *= *"?utf-8"? *)?$/i.test(type.trim())

const otherType = (found: string): HttpProblem =>
  new HttpProblem('UnsupportedMediaType', `Expected a body with the content type application/json, in UTF-8, found ${found}`, {
    headers: { accept: 'application/json' },
  })

const bytesOf = async (req: HonoRequest, most: number): Promise<Uint8Array> => {
  const tooLarge = (): HttpProblem =>
    new HttpProblem('RequestTooLarge', `Expected a body of ${most} bytes at most, found a larger one`, { headers: { connection: 'close' } })
  if (Number(req.header('content-length') ?? 0) > most) throw tooLarge()
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of (req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength
    if (bytes > most) throw tooLarge()
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

const textOf = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new HttpProblem('InvalidInput', 'Expected a body in UTF-8, found bytes that are none')
  }
}
