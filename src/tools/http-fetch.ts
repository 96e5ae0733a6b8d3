import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { AppError, messageOf } from '../errors.ts'
import { allowList, hasCredentials, isWeb, type AllowList } from './allow-list.ts'
import { defineTool } from './define-tool.ts'
import { pinnedGet, systemResolve, type Reach } from './pinned-get.ts'
import { isPublicAddress } from './public-address.ts'
import { readText, textType } from './text-body.ts'
import { ToolFailure, type Tool } from './tool.ts'

export interface HttpFetchOptions {
  /** Hosts (`api.example.com`, https only) or URLs (`https://api.example.com/v1`, which allows what lies below it). */
  readonly allow: readonly string[]
  /** Of the answer, on the wire and after decompression; 256 KiB by default. */
  readonly maxBytes?: number | undefined
  /** 3 by default. */
  readonly maxRedirects?: number | undefined
  /** For everything together, 15,000 by default. */
  readonly timeoutMs?: number | undefined
  /** Addresses of a host name; those of the operating system by default. */
  readonly resolve?: ((host: string) => Promise<readonly string[]>) | undefined
  /** Which addresses may be connected to; by default those of the public internet. A proxy or a service of your own network is named here. */
  readonly addressAllowed?: ((address: string) => boolean) | undefined
}

const input = z.strictObject({ url: z.string().max(4096).describe('An absolute http or https URL') })
const output = z.strictObject({ status: z.int(), contentType: z.string(), text: z.string() })

export type HttpFetchInput = z.infer<typeof input>
export type HttpFetchOutput = z.infer<typeof output>

interface Rules {
  readonly isAllowed: AllowList
  readonly allow: readonly string[]
  readonly maxBytes: number
  readonly maxRedirects: number
  readonly reach: Reach
}

/**
 * A tool, `http_fetch`, that reads texts from the hosts of a list. Built for URLs that a model chose: each hop of a redirect is checked like
 * the first URL, and a name that leads into a private network is refused. Answers below 500 but 429 are results; 429, 5xx,
 * a broken connection and a timeout are failures that may be tried again.
 * Throws `InvalidConfiguration` for an empty or malformed list and for limits that are no integers.
 */
export const httpFetchTool = (options: HttpFetchOptions): Tool<HttpFetchInput, HttpFetchOutput> => {
  const { allow, maxBytes = 256 * 1024, maxRedirects = 3, timeoutMs = 15_000 } = options
  const reach = { resolve: options.resolve ?? systemResolve, addressAllowed: options.addressAllowed ?? isPublicAddress }
  refuseLimits({ maxBytes, maxRedirects })
  const rules: Rules = { isAllowed: allowList(allow), allow, maxBytes, maxRedirects, reach }
  return defineTool({
    name: 'http_fetch',
    description: `Reads a text (HTML, JSON, XML, plain) with HTTP GET. Allowed: ${allow.join(', ')}`,
    input,
    output,
    effect: 'read',
    timeoutMs,
    // One byte of text becomes six in JSON at worst, and the other fields are short.
    maxOutputBytes: 6 * maxBytes + 1024,
    execute: async ({ url }, { signal }) => {
      try {
        return await fetchText(url, rules, signal)
      } catch (thrown) {
        throw asFailure(thrown, signal)
      }
    },
  })
}

const refuseLimits = (limits: Readonly<Record<string, number>>): void => {
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isSafeInteger(value) && value >= 0) continue
    throw new AppError('InvalidConfiguration', `httpFetchTool: ${name} has to be an integer of at least 0, found ${value}`)
  }
}

const fetchText = async (address: string, rules: Rules, signal: AbortSignal): Promise<HttpFetchOutput> => {
  const response = await follow(address, rules, signal)
  try {
    const status = response.statusCode ?? 0
    if (status === 429 || status >= 500) throw new ToolFailure(`the server answered ${status}`, { retryable: true })
    if (status === 204) return { status, contentType: '', text: '' }
    const contentType = textType(response)
    return { status, contentType, text: await readText(response, rules.maxBytes) }
  } finally {
    response.destroy()
  }
}

const follow = async (address: string, rules: Rules, signal: AbortSignal): Promise<IncomingMessage> => {
  let url = checkedUrl(address, undefined, rules)
  for (let redirects = 0; ; redirects++) {
    const response = await pinnedGet(url, rules.reach, signal)
    const location = redirection(response)
    if (location === undefined) return response
    response.destroy()
    if (redirects === rules.maxRedirects) throw new ToolFailure(`refused: more than ${rules.maxRedirects} redirects`)
    url = checkedUrl(location, url.href, rules)
  }
}

const redirection = ({ statusCode, headers }: IncomingMessage): string | undefined =>
  statusCode !== undefined && [301, 302, 303, 307, 308].includes(statusCode) ? headers.location : undefined

const checkedUrl = (address: string, base: string | undefined, { isAllowed, allow }: Rules): URL => {
  if (!URL.canParse(address, base)) throw new ToolFailure(`expected an absolute URL, found "${address}"`)
  const url = new URL(address, base)
  if (!isWeb(url)) throw new ToolFailure(`refused: expected http or https, found ${url.protocol}`)
  if (hasCredentials(url)) throw new ToolFailure('refused: a URL must not carry a user name or password')
  if (!isAllowed(url)) throw new ToolFailure(`refused: ${url.origin}${url.pathname} is not on the list of ${allow.join(', ')}`)
  return url
}

const PASSING_TROUBLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
])

const asFailure = (thrown: unknown, signal: AbortSignal): unknown => {
  if (signal.aborted) return new ToolFailure('stopped before the whole answer was there', { retryable: true, cause: signal.reason })
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (thrown instanceof ToolFailure || typeof code !== 'string') return thrown
  if (!PASSING_TROUBLE.has(code)) return new ToolFailure(`it could not be read: ${messageOf(thrown)}`, { cause: thrown })
  return new ToolFailure(`the connection failed: ${messageOf(thrown)}`, { retryable: true, cause: thrown })
}
