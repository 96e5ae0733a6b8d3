import type { Clock } from '../../clock.ts'
import { AppError, isAppError } from '../../errors.ts'

/** No call of a client takes longer, whatever has become of the client: some hang for ever. */
const LONGEST_CALL_MS = 15_000
const LONGEST_FAREWELL_MS = 5_000

export interface TimeLimit {
  /** Rejects with `BusUnavailable` once nothing was told for 15 s. */
  readonly up: Promise<never>
  /** It goes on: the time begins anew. */
  readonly begin: () => void
  readonly end: () => void
}

/** `what` is in words, for the message. Begun already. */
export const timeLimit = (clock: Clock, what: string): TimeLimit => {
  const late = Promise.withResolvers<never>()
  // It may be up before anybody waits.
  late.promise.catch(() => undefined)
  let disarm = (): void => undefined
  const begin = (): void => {
    disarm()
    disarm = clock.setTimer(LONGEST_CALL_MS, () => {
      const message = `Kafka did not answer within ${LONGEST_CALL_MS} ms to ${what}`
      late.reject(new AppError('BusUnavailable', message, { retryable: true, details: { timedOut: true } }))
    })
  }
  begin()
  return {
    up: late.promise,
    begin,
    end: () => {
      disarm()
    },
  }
}

/** As the work does, or with `BusUnavailable` after 15 s. */
export const inTime = async <Result>(clock: Clock, what: string, work: Promise<Result>): Promise<Result> => {
  const limit = timeLimit(clock, what)
  try {
    return await Promise.race([work, limit.up])
  } finally {
    limit.end()
  }
}

/** Whether the client may be waiting still: nobody should use it again. */
export const isTimeUp = (error: unknown): boolean => isAppError(error, 'BusUnavailable') && error.details['timedOut'] === true

/** Resolves once a client is gone, or after 5 s where it hangs. */
export const farewell = async (clock: Clock, leaving: Promise<unknown> | undefined): Promise<void> => {
  const tooLate = Promise.withResolvers<undefined>()
  const disarm = clock.setTimer(LONGEST_FAREWELL_MS, () => {
    tooLate.resolve(undefined)
  })
  await Promise.race([leaving?.catch(() => undefined), tooLate.promise])
  disarm()
}
