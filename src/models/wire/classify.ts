import type { ModelFailureClass } from '../../events/message.ts'

/** What a vendor said about a call that it did not answer. */
export interface VendorError {
  /** Missing where the error came inside a stream that had begun with 200. */
  readonly status?: number
  /** From the finest word to the coarsest: OpenAI's `code` and `type`, Anthropic's `error_code` and `type`. */
  readonly codes: readonly string[]
  readonly message: string
  readonly headers?: ResponseHeaders
}

const CLASS_OF_CODE: ReadonlyMap<string, ModelFailureClass> = new Map([
  ['insufficient_quota', 'quota'],
  ['billing_error', 'quota'],
  ['billing_hard_limit_reached', 'quota'],
  ['billing_not_active', 'quota'],
  ['linked_organization_billing_unavailable', 'quota'],
  ['context_length_exceeded', 'contextLength'],
  ['exceed_context_size_error', 'contextLength'],
  ['content_filter', 'refusal'],
  ['content_policy_violation', 'refusal'],
  ['image_content_policy_violation', 'refusal'],
  ['misalignment_policy_violation', 'refusal'],
  ['bio_policy', 'refusal'],
  ['invalid_prompt', 'refusal'],
  ['overloaded_error', 'overloaded'],
  ['insufficient_system_resource', 'overloaded'],
  // The model wrote what the server could not read, which says nothing about the request.
  ['json_validate_failed', 'protocol'],
  ['tool_use_failed', 'protocol'],
])

/** The coarse words, which say less than a status and count only where there is none. */
const CLASS_OF_TYPE: ReadonlyMap<string, ModelFailureClass> = new Map([
  ['rate_limit_exceeded', 'rateLimit'],
  ['rate_limit_error', 'rateLimit'],
  ['api_error', 'server'],
  ['server_error', 'server'],
  ['timeout_error', 'timeout'],
  ['authentication_error', 'auth'],
  ['permission_error', 'auth'],
  ['not_found_error', 'auth'],
  ['invalid_request_error', 'badRequest'],
  ['RESOURCE_EXHAUSTED', 'rateLimit'],
  ['UNAVAILABLE', 'overloaded'],
  ['DEADLINE_EXCEEDED', 'timeout'],
  ['UNAUTHENTICATED', 'auth'],
  ['PERMISSION_DENIED', 'auth'],
  ['NOT_FOUND', 'auth'],
  ['INVALID_ARGUMENT', 'badRequest'],
])

const CLASS_OF_STATUS: ReadonlyMap<number, ModelFailureClass> = new Map([
  [401, 'auth'],
  [402, 'quota'],
  [403, 'auth'],
  [404, 'auth'],
  [408, 'timeout'],
  [409, 'server'],
  [413, 'contextLength'],
  [429, 'rateLimit'],
  [503, 'overloaded'],
  [529, 'overloaded'],
])

/** Anthropic and most compatible servers name a prompt that is too long in the message only. */
const TOO_LONG = /prompt is too long|context (length|window|size|limit)/i

/** The class of a vendor's error: by its finest code, then its status, then its type. Pure. */
export const classify = ({ status, codes, message, headers }: VendorError): ModelFailureClass => {
  for (const code of codes) {
    if (code.endsWith('spend_limit_reached')) return 'quota'
    const known = CLASS_OF_CODE.get(code)
    if (known) return known
  }
  const coarse = status === undefined ? classOfTypes(codes) : classOfStatus(status)
  if (coarse === 'badRequest' && TOO_LONG.test(message)) return 'contextLength'
  // A limit that waiting does not lift: the vendor itself says not to come back.
  if (coarse === 'rateLimit' && headers?.get('x-should-retry') === 'false') return 'quota'
  return coarse
}

const classOfTypes = (types: readonly string[]): ModelFailureClass => {
  for (const type of types) {
    const known = CLASS_OF_TYPE.get(type)
    if (known) return known
  }
  return 'server'
}

const classOfStatus = (status: number): ModelFailureClass => {
  const known = CLASS_OF_STATUS.get(status)
  if (known) return known
  if (status >= 500) return 'server'
  return status >= 400 ? 'badRequest' : 'protocol'
}

const TIMEOUT_CODES = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/**
 * The class of what was thrown below HTTP: a connection that failed (by the system's error code, at any depth of
 * the causes) or JSON that cannot be read. Undefined for everything else, which is then a defect of ours. Pure.
 */
export const classifyThrown = (thrown: unknown): 'timeout' | 'network' | 'protocol' | undefined => {
  if (thrown instanceof SyntaxError) return 'protocol'
  const cause = connectionCause(thrown)
  if (cause) return TIMEOUT_CODES.has(cause.code) ? 'timeout' : 'network'
  // What undici says when the other side went away and it has no code to give.
  return thrown instanceof TypeError && ['terminated', 'fetch failed'].includes(thrown.message) ? 'network' : undefined
}

/** Codes of the system, of undici and of the parsers below it; not Node's own `ERR_INVALID_…`, which are defects. */
const CONNECTION_CODE =
  /^(E[A-Z]+$|EAI_|UND_ERR_|HPE_|Z_|ERR_TLS_|ERR_SSL_|ERR_STREAM_PREMATURE_CLOSE$|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/
const MAX_CAUSES = 8

/** What the system said of a connection that failed. */
export interface ConnectionCause {
  readonly code: string
  /** Such as `connect ECONNREFUSED 192.0.2.1:443`. Written by the system alone: no header and no address with a password. */
  readonly words: string
}

/** At any depth of the causes, and the first of several attempts at one host. Undefined where none is an error of a connection. Pure. */
export const connectionCause = (thrown: unknown): ConnectionCause | undefined => {
  let error = thrown
  for (let depth = 0; error instanceof Error && depth < MAX_CAUSES; depth++) {
    if (error instanceof AggregateError && error.errors[0] instanceof Error) error = error.errors[0]
    if (!(error instanceof Error)) return undefined
    if ('code' in error && typeof error.code === 'string' && CONNECTION_CODE.test(error.code)) {
      return { code: error.code, words: error.message === '' ? error.code : error.message }
    }
    error = error.cause
  }
  return undefined
}

/** The part of `Headers` that is read here. */
export interface ResponseHeaders {
  get(name: string): string | null
}

/**
 * How long the vendor asks us to wait, ms: `retry-after-ms`, else `retry-after` in seconds or as a date.
 * A date is measured from the vendor's own `date` header, so that two clocks may differ, and from `now` where there is none.
 */
export const retryAfterMs = (headers: ResponseHeaders, now = Date.now()): number | undefined => {
  const ms = amount(headers.get('retry-after-ms'))
  if (ms !== undefined) return Math.ceil(ms)
  const retryAfter = headers.get('retry-after')
  const seconds = amount(retryAfter)
  if (seconds !== undefined) return Math.ceil(seconds * 1000)
  const date = Date.parse(headers.get('date') ?? '')
  const sentAt = Number.isNaN(date) ? now : date
  if (!/[a-z]{3}/i.test(retryAfter ?? '')) return undefined
  const waitMs = Date.parse(retryAfter ?? '') - sentAt
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs)
}

const amount = (text: string | null): number | undefined => (text !== null && /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : undefined)
