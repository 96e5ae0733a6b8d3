import type { Clock } from '../clock.ts'
import { AppError, isAppError, isUnavailable, messageOf } from '../errors.ts'
import type { RuntimeParts } from './runtime-parts.ts'

const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 5_000

/** Waits before something is tried again; `tries` counts from 0. Over at once with the signal. */
export const retryPause = (clock: Clock, tries: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => {
      disarm()
      resolve()
    }
    const disarm = clock.setTimer(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(tries, 20)), () => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  })

/** Whether it failed only because the log was away or busy: nothing was stored, and the same may succeed later. */
const mayPass = (error: unknown): error is AppError => isUnavailable(error) || isAppError(error, 'EventLogConflict')

/** Whether it is the fault of no run: the log was away or busy, or this process closes. */
export const isOutage = (error: unknown): boolean => mayPass(error) || isAppError(error, 'OutcomeUnknown') || isAppError(error, 'Closed')

export interface Insistence {
  readonly runId: string
  /** Ends it with `Closed`. */
  readonly signal: AbortSignal
  /** Called each time before it is tried again. */
  readonly failed?: (error: AppError) => void
}

/** Does it until the log was there for it. Rejects with everything else. */
export const insistently = async <Result>(
  { clock, notify }: Pick<RuntimeParts, 'clock' | 'notify'>,
  { runId, signal, failed }: Insistence,
  work: () => Promise<Result>,
): Promise<Result> => {
  for (let tries = 0; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (signal.aborted) throw closing(runId, error)
      if (!mayPass(error)) throw error
      failed?.(error)
      notify({ type: 'appendRetried', runId, code: error.code, message: error.message })
      await retryPause(clock, tries, signal)
      if (signal.aborted) throw closing(runId, error)
    }
  }
}

const closing = (runId: string, cause: unknown): AppError =>
  new AppError('Closed', `${runId} could not be written before this process closed: ${messageOf(cause)}`, { cause })
