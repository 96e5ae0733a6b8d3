import { backoffMs, pauseFor } from '../bus/backoff.ts'
import type { Clock } from '../clock.ts'
import { isAppError, messageOf } from '../errors.ts'

export interface KeptRunning {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** How far the work is: once it gets on, pauses begin short again. */
  readonly place: () => number | undefined
  readonly delayed: (message: string) => void
  readonly work: () => Promise<unknown>
}

/** Does it again and again until the signal. What passes is told of and tried again later; rejects with what does not. */
export const keepRunning = async ({ clock, signal, place, delayed, work }: KeptRunning): Promise<void> => {
  let failures = 0
  while (!signal.aborted) {
    const before = place()
    try {
      await work()
      failures = 0
    } catch (error) {
      if (!isAppError(error) || !error.retryable) throw error
      failures = place() === before ? failures + 1 : 1
      delayed(messageOf(error))
      await pauseFor(clock, backoffMs(failures), signal)
    }
  }
}
