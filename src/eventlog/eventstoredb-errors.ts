import { AppError, isAppError, messageOf } from '../errors.ts'
import { conflict, streamDeleted, streamNotFound } from './event-log-errors.ts'
import type { ExpectedRevision } from './event-log.ts'

/** What an error of the client says about the call that it ended. */
export type Verdict =
  /** Refused for good, with nothing stored. */
  | { readonly kind: 'refused'; readonly error: AppError }
  /** Certainly not carried out; the same call may succeed later. */
  | { readonly kind: 'notExecuted' }
  /** Perhaps carried out. */
  | { readonly kind: 'unknown' }

interface ClientError {
  /** Set on the client's own errors, absent on those that it only lets through. */
  readonly type?: string
  readonly code?: number
  readonly message: string
  readonly actualVersion?: bigint | 'no_stream'
  readonly actualState?: bigint | 'no_stream'
}

/** The call was cut off: our timer ran out, or its client was thrown away. */
const CUT_OFF = 'cut-off'

export const cutOff = (message: string): Error => Object.assign(new Error(message), { type: CUT_OFF })

export const isCutOff = (error: unknown): boolean => clientError(error).type === CUT_OFF

/** Of gRPC. */
const UNAVAILABLE = 14
const PERMISSION_DENIED = 7
const UNAUTHENTICATED = 16

/** What an append over the batch path is told in words only. */
const NOT_READY = /Server Is Not Ready|Server Is Busy|No leader info/i

export interface Subject {
  readonly stream: string
  readonly expected?: ExpectedRevision
}

const NOT_EXECUTED: Verdict = { kind: 'notExecuted' }
const UNKNOWN: Verdict = { kind: 'unknown' }

const clientError = (error: unknown): ClientError => (error instanceof Error ? error : { message: messageOf(error) })

/**
 * Judges what ended a write. An error without a type is one of the call that asks for the server's abilities or of the search for
 * a node, both of which come before the write: nothing was sent.
 */
export const judgeWrite = (error: unknown, subject: Subject): Verdict => {
  if (isAppError(error)) return { kind: 'refused', error }
  const refusal = refusalOf(error, subject)
  if (refusal !== undefined) return { kind: 'refused', error: refusal }
  const { type, message } = clientError(error)
  if (type === undefined || type === 'not-leader') return NOT_EXECUTED
  return type === 'unknown' && NOT_READY.test(message) ? NOT_EXECUTED : UNKNOWN
}

/** Judges what ended a read, which may be repeated whenever it was not refused. */
export const judgeRead = (error: unknown, subject: Subject): Verdict => {
  if (isAppError(error)) return { kind: 'refused', error }
  const refusal = refusalOf(error, subject)
  return refusal === undefined ? NOT_EXECUTED : { kind: 'refused', error: refusal }
}

const refusalOf = (cause: unknown, { stream, expected = 'any' }: Subject): AppError | undefined => {
  const error = clientError(cause)
  const { message } = error
  switch (typeOf(error)) {
    case 'wrong-expected-version':
      return conflict(stream, expected, headOf(error))
    case 'stream-deleted':
      return streamDeleted(stream)
    case 'stream-not-found':
      return streamNotFound(stream)
    case 'maximum-append-size-exceeded':
      return new AppError('TooLarge', `EventStoreDB takes no append of this size for ${stream}`, { details: { stream }, cause })
    case 'access-denied':
      return new AppError('InvalidConfiguration', `EventStoreDB denies access to ${stream}: ${message}`, { details: { stream }, cause })
    case 'invalid-argument':
      return invalid(stream, message, cause)
    case 'unknown':
      return /BadRequest|InvalidPosition|invalid position/i.test(message) ? invalid(stream, message, cause) : undefined
    default:
      return undefined
  }
}

/** The first question to the server is let through as it failed, without a type. */
const typeOf = ({ type, code }: ClientError): string | undefined =>
  type === undefined && (code === PERMISSION_DENIED || code === UNAUTHENTICATED) ? 'access-denied' : type

const invalid = (stream: string, message: string, cause: unknown): AppError =>
  new AppError('InvalidInput', `EventStoreDB refuses a call for ${stream}: ${message}`, { details: { stream }, cause })

const headOf = ({ actualVersion, actualState }: ClientError): number => {
  const actual = actualVersion ?? actualState ?? 'no_stream'
  return actual === 'no_stream' ? -1 : Number(actual)
}

/**
 * Whether the client that this error came from is of no further use. It keeps the failure of its first question to the server, so
 * that every later append fails alike, unless the server was merely not there.
 */
export const isFatal = (error: unknown): boolean => {
  const { type, code } = clientError(error)
  return type === undefined && code !== UNAVAILABLE && !isAppError(error)
}

/** A node without a leader, or a failure of the network that shows itself as none: the client does not look for another node then. */
export const isConfused = (error: unknown): boolean => clientError(error).type === 'unknown'

export const unavailable = (what: string, cause: unknown): AppError =>
  new AppError('EventLogUnavailable', `EventStoreDB cannot be reached to ${what}: ${messageOf(cause)}`, { retryable: true, cause })

export const outcomeUnknown = (stream: string, cause: unknown): AppError => {
  const message = `a write to ${stream} may or may not be stored: ${messageOf(cause)}; repeat it with identical ids and revision`
  return new AppError('OutcomeUnknown', message, { retryable: true, details: { stream }, cause })
}
