import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { errorCodes, isAppError, messageOf, type ErrorCode } from '../errors.ts'
import { present } from '../present.ts'
import type { Problem } from './contract.ts'
import { boundedJson, type JsonObject } from '../json.ts'
import { issueWords } from '../known-options.ts'
import type { z } from 'zod'

/** What can be wrong with a request before any run is asked. `docs/http.md` has a heading for each. */
export const httpProblemCodes = [
  'RouteNotFound',
  'MethodNotAllowed',
  'MalformedRequest',
  'RequestTimeout',
  'HeadersTooLarge',
  'ExpectationFailed',
  'UnsupportedMediaType',
  'RequestTooLarge',
  'KeyMissing',
  'KeyUnknown',
  'SessionOver',
  'ScopeMissing',
  'HostUnknown',
  'ForeignPage',
  'RateLimited',
  'TooManyStreams',
  'NotReady',
  'InternalError',
] as const

export type HttpProblemCode = (typeof httpProblemCodes)[number]
export type ProblemCode = ErrorCode | HttpProblemCode

/** The one table. */
const statuses: Readonly<Record<ProblemCode, ContentfulStatusCode>> = {
  InvalidInput: 400,
  MalformedRequest: 400,
  KeyMissing: 401,
  KeyUnknown: 401,
  SessionOver: 401,
  ForeignPage: 403,
  ScopeMissing: 403,
  RouteNotFound: 404,
  RunNotFound: 404,
  BlobNotFound: 404,
  RunDeleted: 410,
  StreamNotFound: 404,
  UnknownAgent: 404,
  MethodNotAllowed: 405,
  RequestTimeout: 408,
  EventLogConflict: 409,
  NotPossible: 409,
  StreamDeleted: 410,
  RequestTooLarge: 413,
  TooLarge: 413,
  UnsupportedMediaType: 415,
  ExpectationFailed: 417,
  HostUnknown: 421,
  IdempotencyKeyReused: 422,
  QueryTooLong: 422,
  TooManyQueries: 429,
  RateLimited: 429,
  TooManyStreams: 429,
  HeadersTooLarge: 431,
  ChartChanged: 500,
  ChartInvalid: 500,
  EventLogCorrupt: 500,
  InternalError: 500,
  InvalidConfiguration: 500,
  RecordingMissing: 500,
  UnexpectedEvent: 500,
  UnknownEvent: 500,
  UnknownPrice: 500,
  BusFenced: 503,
  BusUnavailable: 503,
  Closed: 503,
  CodeFailed: 503,
  EventLogUnavailable: 503,
  StoreUnavailable: 503,
  LogRestored: 503,
  NotReady: 503,
  OutcomeUnknown: 503,
}

export const statusOf = (code: ProblemCode): ContentfulStatusCode => statuses[code]

type FieldErrors = NonNullable<Problem['errors']>

/** A request that is refused at the door. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly code: ProblemCode
  readonly headers: Readonly<Record<string, string>>
  readonly errors: FieldErrors | undefined

  constructor(
    code: ProblemCode,
    detail: string,
    { headers = {}, errors }: { readonly headers?: Readonly<Record<string, string>>; readonly errors?: FieldErrors } = {},
  ) {
    super(detail)
    this.code = code
    this.headers = headers
    this.errors = errors
  }
}

const OWN_CODES: ReadonlySet<string> = new Set(errorCodes)
const RETRYABLE: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'RateLimited',
  'RequestTimeout',
  'TooManyStreams',
  'NotReady',
  'Closed',
  'LogRestored',
])
const INTERNAL = 'The service could not do this. Its log says why, under the request id.'

const FRAMEWORK_DETAILS: Readonly<Record<number, string>> = {
  400: 'Expected a body of JSON, found one that is none',
  415: 'Expected a body with the content type application/json, found another',
}

/** What became of a request that threw, as RFC 9457 wants it. What only its operators may know stays out of it. */
export const problemOf = (thrown: unknown, requestId: string): Problem => {
  const code = codeOf(thrown)
  const status = statusOf(code)
  return {
    type: `/docs/${OWN_CODES.has(code) ? 'errors' : 'http'}.md#${code.toLowerCase()}`,
    title: titleOf(code),
    status,
    code,
    requestId,
    retryable: RETRYABLE.has(code) || (isAppError(thrown) && thrown.retryable),
    ...(status >= 500 && code !== 'NotReady' && code !== 'LogRestored' ? { detail: INTERNAL } : wordsOf(thrown)),
  }
}

/** The message of an error that is told beside an answer: what only operators may know stays out of it. */
export const toldMessage = (code: ProblemCode, message: string): string => (statusOf(code) >= 500 ? INTERNAL : message)

const wordsOf = (thrown: unknown): Pick<Problem, 'detail' | 'details' | 'errors'> => {
  if (thrown instanceof HTTPException) return { detail: FRAMEWORK_DETAILS[thrown.status] ?? boundedMessage(thrown) }
  const errors = thrown instanceof HttpProblem && thrown.errors !== undefined ? boundedErrors(thrown.errors) : undefined
  return { detail: boundedMessage(thrown), ...present({ details: boundedDetails(thrown), errors }) }
}

export const codeOf = (thrown: unknown): ProblemCode => {
  if (isAppError(thrown) || thrown instanceof HttpProblem) return thrown.code
  if (!(thrown instanceof HTTPException)) return 'InternalError'
  // The framework's own: a body that is no JSON, and one of another type.
  if (thrown.status === 415) return 'UnsupportedMediaType'
  return thrown.status === 400 ? 'InvalidInput' : 'InternalError'
}

/** `EventLogConflict` is `Event log conflict`. */
const titleOf = (code: ProblemCode): string => {
  const [first = '', ...others] = code.split(/(?=[A-Z])/)
  return [first, ...others.map((word) => word.toLowerCase())].join(' ')
}

export const problemHeaders = (thrown: unknown): Readonly<Record<string, string>> => ({
  'content-type': 'application/problem+json',
  ...(thrown instanceof HttpProblem ? thrown.headers : {}),
})

// A problem says where a request is wrong, and may quote it for that. What it says is bounded, however large the request was.

const LONGEST_DETAIL = 2_000
const LONGEST_MESSAGE = 300
const MOST_ERRORS = 20
const MOST_DETAIL_BYTES = 4_096

/** The beginning of a text, in UTF-16 units. */
const boundedText = (text: string, length = LONGEST_DETAIL): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`

/** The first of them, and as the last how many more there are. */
const boundedErrors = (errors: FieldErrors): FieldErrors => {
  const shown = errors.slice(0, MOST_ERRORS).map(({ field, message }) => ({
    field: boundedText(field, LONGEST_MESSAGE),
    message: boundedText(message, LONGEST_MESSAGE),
  }))
  const more = errors.length - shown.length
  return more === 0 ? shown : [...shown, { field: '', message: `and ${more} more` }]
}

/** The facts of an error: none where they are larger than a problem carries. */
const boundedDetails = (thrown: unknown): JsonObject | undefined => {
  if (!isAppError(thrown) || Object.keys(thrown.details).length === 0) return undefined
  try {
    const short = Object.entries(thrown.details).map(([name, value]) => [
      name,
      typeof value === 'string' ? boundedText(value, LONGEST_MESSAGE) : value,
    ])
    return boundedJson(Object.fromEntries(short), { maxBytes: MOST_DETAIL_BYTES }) as JsonObject
  } catch {
    return undefined
  }
}

const boundedMessage = (thrown: unknown): string => boundedText(messageOf(thrown))

const NAMES: Readonly<Record<string, string>> = { json: 'body', param: 'path' }

/** Every field of one part of a request that is not as the contract says. */
export const fieldErrors = (target: string, error: z.ZodError): HttpProblem => {
  const part = NAMES[target] ?? target
  const errors = error.issues.map((issue) => ({ field: [part, ...issue.path.map(String)].join('.'), message: issueWords(issue) }))
  const first = errors
    .slice(0, 5)
    .map(({ field, message }) => `${field}: ${message}`)
    .join('; ')
  return new HttpProblem('InvalidInput', `The request is not as expected: ${first}`, { errors })
}
