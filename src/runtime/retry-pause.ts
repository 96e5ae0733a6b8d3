import { isAppError, type AppError } from '../errors.ts'
import type { Clock } from '../clock.ts'
import type { RuntimeParts } from './runtime-parts.ts'

const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 5_000

/** Waits before something is tried again; `tries` counts from 0. */
export const retryPause = (clock: Clock, tries: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimer(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(tries, 20)), resolve))

/** Whether it failed only because the log was away or busy: nothing was stored, and the same may succeed later. */
export const mayPass = (error: unknown): error is AppError =>
  isAppError(error, 'EventLogUnavailable') || isAppError(error, 'EventLogConflict')

/** Does it until the log was there for it. Rejects with everything else. */
export const insistently = async <Result>(
  { clock, notify }: Pick<RuntimeParts, 'clock' | 'notify'>,
  runId: string,
  work: () => Promise<Result>,
): Promise<Result> => {
  for (let tries = 0; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!mayPass(error)) throw error
      notify({ type: 'appendRetried', runId, code: error.code, message: error.message })
      await retryPause(clock, tries)
    }
  }
}
