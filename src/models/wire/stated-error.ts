import { z } from 'zod'
import { type ResponseHeaders, classify, retryAfterMs } from './classify.ts'
import { ERROR_CHARS, excerpt } from '../excerpt.ts'
import type { ModelFailure } from '../model.ts'

const words = z.union([z.string(), z.number()]).nullish().catch(undefined)
const errorFields = z.object({ message: z.string().nullish().catch(undefined), code: words, type: words, status: words })

export interface StatedError {
  readonly message: string
  /** From the finest word to the coarsest. */
  readonly codes: readonly string[]
  readonly status?: number
}

/**
 * The error that a body or an event of a stream states, however the server wraps it: `{error: {…}}`, `{error: "…"}`, a list of one
 * of these (Gemini), `{object: "error"}` (vLLM), `{detail: …}` (FastAPI). Undefined where it states none.
 */
const statedError = (value: unknown): StatedError | undefined => {
  const body: unknown = Array.isArray(value) ? value[0] : value
  if (typeof body !== 'object' || body === null) return undefined
  const { error, object, type, detail } = body as { error?: unknown; object?: unknown; type?: unknown; detail?: unknown }
  return wordsOf(error) ?? (object === 'error' || type === 'error' ? fieldsOf(body) : wordsOf(detail))
}

const wordsOf = (error: unknown): StatedError | undefined => {
  if (typeof error === 'string') return error === '' ? undefined : { message: error, codes: [] }
  if (typeof error !== 'object' || error === null) return undefined
  return Array.isArray(error) ? { message: JSON.stringify(error), codes: [] } : fieldsOf(error)
}

const fieldsOf = (error: object): StatedError => {
  const { message, code, type, status } = errorFields.parse(error)
  const found = [code, type, status]
  const codes = found.filter((word): word is string => typeof word === 'string' && !isStatus(word))
  const statuses = found.filter((word) => word !== undefined && word !== null && isStatus(word)).map(Number)
  return { message: message ?? JSON.stringify(error), codes, ...(statuses[0] !== undefined && { status: statuses[0] }) }
}

const isStatus = (word: string | number): boolean => /^[45]\d\d$/.test(String(word))

/** A call that the server says in a 200 to have failed. */
export const statedFailure = (value: unknown, headers?: ResponseHeaders): ModelFailure | undefined => {
  const error = statedError(value)
  if (error === undefined) return undefined
  const waitMs = headers && retryAfterMs(headers)
  return {
    ok: false,
    class: classify({ ...error, ...(headers && { headers }) }),
    message: excerpt(error.message, ERROR_CHARS),
    ...(error.status !== undefined && { status: error.status }),
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  }
}

/** Errors are short; a server that answers with more is cut off. */
const LONGEST_ERROR_BYTES = 64 * 1024

/**
 * A response that is no success, with its error where the vendors' clients look for it: they read `{error: {…}}` alone and lose what
 * other servers say. Any other response is returned as it is.
 */
export const withReadableError = async (response: Response): Promise<Response> => {
  if (response.ok || response.body === null) return response
  const text = await beginningOf(response.body)
  return new Response(readable(text) ?? text, { status: response.status, statusText: response.statusText, headers: headersOf(response) })
}

/** The body is decoded and may have another length. */
const headersOf = ({ headers }: Response): Headers => {
  const kept = new Headers(headers)
  kept.delete('content-length')
  kept.delete('content-encoding')
  return kept
}

const readable = (text: string): string | undefined => {
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'object') return undefined
    const error = statedError(body)
    return error && JSON.stringify({ error: { message: error.message, code: error.codes[0] ?? null, type: error.codes[1] ?? null } })
  } catch {
    return undefined
  }
}

const beginningOf = async (body: ReadableStream<Uint8Array>): Promise<string> => {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    bytes += chunk.byteLength
    if (bytes >= LONGEST_ERROR_BYTES) break
  }
  return text
}
