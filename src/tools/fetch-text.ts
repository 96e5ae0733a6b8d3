import type { IncomingMessage } from 'node:http'
import { messageOf } from '../errors.ts'
import { hasCredentials, isWeb, type AllowList } from './allow-list.ts'
import { pinnedGet, systemResolve, type Reach } from './pinned-get.ts'
import { isPublicAddress } from './public-address.ts'
import { readText, textType } from './text-body.ts'
import { ToolFailure } from './tool.ts'

export interface FetchRules {
  readonly isAllowed: AllowList
  readonly allow: readonly string[]
  readonly maxBytes: number
  readonly maxRedirects: number
  /** Those of this process where it is undefined. */
  readonly resolve: Reach['resolve'] | undefined
  /** Addresses of the public internet where it is undefined. */
  readonly addressAllowed: Reach['addressAllowed'] | undefined
}

export interface FetchedText {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

/** Rejects with `ToolFailure`, for all that the web does. */
export const fetchText = async (address: string, rules: FetchRules, signal: AbortSignal): Promise<FetchedText> => {
  try {
    return await textAt(address, rules, signal)
  } catch (thrown) {
    throw asFailure(thrown, signal)
  }
}

const textAt = async (address: string, rules: FetchRules, signal: AbortSignal): Promise<FetchedText> => {
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

const follow = async (address: string, rules: FetchRules, signal: AbortSignal): Promise<IncomingMessage> => {
  const reach = { resolve: rules.resolve ?? systemResolve, addressAllowed: rules.addressAllowed ?? isPublicAddress }
  let url = checkedUrl(address, undefined, rules)
  for (let redirects = 0; ; redirects++) {
    const response = await pinnedGet(url, reach, signal)
    const location = redirection(response)
    if (location === undefined) return response
    response.destroy()
    if (redirects === rules.maxRedirects) throw new ToolFailure(`refused: more than ${rules.maxRedirects} redirects`)
    url = checkedUrl(location, url.href, rules)
  }
}

const redirection = ({ statusCode, headers }: IncomingMessage): string | undefined =>
  statusCode !== undefined && [301, 302, 303, 307, 308].includes(statusCode) ? headers.location : undefined

const checkedUrl = (address: string, base: string | undefined, { isAllowed, allow }: FetchRules): URL => {
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
