import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'

/** Why an effect was stopped, as the reason of its signal. */
export const TIMED_OUT = Symbol('timed out')

/** What came of a piece of work after it was left behind. */
export type LateWord<Result> = { readonly came: 'answer'; readonly result: Result } | { readonly came: 'error'; readonly error: unknown }

interface Deadline<Result> {
  readonly timeoutMs: number
  readonly outer: AbortSignal
  readonly late: (word: LateWord<Result>) => void
  readonly over?: () => void
}

/**
 * Runs `work` under a signal that is aborted after `timeoutMs`, or with `outer`. Resolves or rejects no later than that:
 * what never returns is left behind, and its late result goes nowhere but to `late`. `over` is called once it has returned, late or not.
 */
export const withDeadline = <Result>(
  clock: Clock,
  { timeoutMs, outer, late, over }: Deadline<Result>,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> =>
  new Promise((resolve, reject) => {
    const inner = new AbortController()
    const { signal } = inner
    const stop = (): void => {
      leaveBehind(outer.reason)
    }
    const disarm = clock.setTimer(timeoutMs, () => {
      leaveBehind(TIMED_OUT)
    })
    const end = (): void => {
      disarm()
      outer.removeEventListener('abort', stop)
    }
    const leaveBehind = (why: unknown): void => {
      end()
      reject(why)
      inner.abort(why)
    }
    if (outer.aborted) return stop()
    outer.addEventListener('abort', stop, { once: true })
    begun(work, signal).then(
      (result) => {
        end()
        if (signal.aborted) late({ came: 'answer', result })
        else resolve(result)
        over?.()
      },
      (error: unknown) => {
        end()
        if (signal.aborted) late({ came: 'error', error })
        else reject(error)
        over?.()
      },
    )
  })

/** A function that throws before its first await is no different from one that rejects, nor is a promise with a `then` of its own. */
const begun = async <Result>(work: (signal: AbortSignal) => Promise<Result>, signal: AbortSignal): Promise<Result> => await work(signal)

/** Resolves or rejects as the work does, or rejects with `Closed` as soon as the signal says so: what the work comes to then goes nowhere. */
export const untilAborted = <Result>(work: Promise<Result>, signal: AbortSignal | undefined, message: string): Promise<Result> => {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      reject(new AppError('Closed', message))
    }
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', giveUp)
    })
  })
}
