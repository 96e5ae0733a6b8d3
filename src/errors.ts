/** Every way in which Refold itself can fail. `docs/errors.md` has a heading for each: what it means, what to do. */
export const errorCodes = [
  'EventLogConflict', // someone else appended first: read again and decide again
  'EventLogUnavailable', // the log cannot be reached or written: nothing was lost, try again later
  'StoreUnavailable', // the views or the large payloads cannot: they lie beside the log
  'LogRestored', // an older copy of the log was restored under this process: what it remembers may never have happened
  'EventLogCorrupt', // the store holds what this code did not write
  'OutcomeUnknown', // the append may or may not be stored: repeat it with identical ids and revision
  'StreamNotFound',
  'StreamDeleted',
  'BusUnavailable', // the bus cannot be reached: what was published may or may not be there, publish it again
  'BusFenced', // another process publishes under the same transactional id: this one has to end
  'TooLarge',
  'UnknownEvent', // an event type or version that this code does not know
  'UnexpectedEvent', // this code cannot explain its own past
  'ChartChanged', // the chart in code is not the chart that the run was started with
  'CodeFailed', // code of the agent threw (a chart, a projection): nothing was recorded, and the run goes on once it is repaired
  'ChartInvalid', // the chart breaks a rule that replay depends on
  'UnknownAgent',
  'RunNotFound',
  'BlobNotFound', // the run has said nothing under this hash
  'RunDeleted', // somebody has deleted the run: its id is not used again
  'IdempotencyKeyReused', // the id of a command that was granted before came with another command
  'NotPossible', // the run is in a state in which this command cannot be granted
  'InvalidInput',
  'QueryTooLong', // a query in SQL has not answered within its time
  'TooManyQueries', // as many queries in SQL are under way as may be
  'InvalidConfiguration',
  'UnknownPrice', // no exact price for a model of an agent that has a money limit
  'RecordingMissing', // a recorded model was asked something that was never recorded
  'Closed', // the instance was closed while the call was under way
] as const

export type ErrorCode = (typeof errorCodes)[number]

export type ErrorDetails = Readonly<Record<string, unknown>>

/** The one class of exceptions. What may happen in the world is an event or a returned refusal instead. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, options: { retryable?: boolean; details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
    this.details = options.details ?? {}
  }
}

/** Whether the log, or what lies beside it, does not take part now: the same may succeed later. */
export const isUnavailable = (error: unknown): error is AppError =>
  isAppError(error, 'EventLogUnavailable') || isAppError(error, 'StoreUnavailable')

/** Never throws, whatever it is asked about. */
export const isAppError = (error: unknown, code?: ErrorCode): error is AppError => {
  try {
    return error instanceof AppError && (code === undefined || error.code === code)
  } catch {
    return false
  }
}

/** The message of anything that was thrown, also of what is no Error. Never throws, whatever was thrown. */
export const messageOf = (thrown: unknown): string => {
  try {
    if (!(thrown instanceof Error)) return wordsOf(thrown)
    const message: unknown = thrown.message
    return message === '' || message === undefined ? wordsOf(thrown.name) : wordsOf(message)
  } catch {
    return UNREADABLE
  }
}

const UNREADABLE = 'something that cannot be shown'

const wordsOf = (value: unknown): string => {
  if (typeof value === 'string') return value
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

export type Attempted<Result> = { readonly ok: true; readonly value: Result } | { readonly ok: false; readonly problem: string }

/**
 * What code that is not ours answers, once `read` has made sense of it. Never throws: what either of them throws is a problem, and so is
 * a promise, which nobody waits for where an answer is needed at once.
 */
export const attempted = <Result>(ask: () => unknown, read: (answer: unknown) => Result): Attempted<Result> => {
  try {
    const answer = ask()
    if (!isThenable(answer)) return { ok: true, value: read(answer) }
    Promise.resolve(answer).catch(() => undefined)
    return { ok: false, problem: 'it gave a promise, but has to answer at once' }
  } catch (thrown) {
    return { ok: false, problem: messageOf(thrown) }
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
