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
export const withDeadline = async <Result>(
  clock: Clock,
  { timeoutMs, outer, late, over }: Deadline<Result>,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> => {
  const inner = new AbortController()
  const disarm = clock.setTimer(timeoutMs, () => {
    inner.abort(TIMED_OUT)
  })
  const stop = (): void => {
    inner.abort(outer.reason)
  }
  outer.addEventListener('abort', stop, { once: true })
  if (outer.aborted) stop()
  try {
    return await new Promise<Result>((resolve, reject) => {
      const abandon = (): void => {
        reject(inner.signal.reason as Error)
      }
      if (inner.signal.aborted) return abandon()
      inner.signal.addEventListener('abort', abandon, { once: true })
      start(work, inner.signal).then(
        (result) => {
          if (inner.signal.aborted) late({ came: 'answer', result })
          else resolve(result)
          over?.()
        },
        (error: unknown) => {
          if (inner.signal.aborted) late({ came: 'error', error })
          else reject(error)
          over?.()
        },
      )
    })
  } finally {
    disarm()
    outer.removeEventListener('abort', stop)
  }
}

/** A function that throws before its first await is no different from one that rejects. */
const start = async <Result>(work: (signal: AbortSignal) => Promise<Result>, signal: AbortSignal): Promise<Result> => work(signal)

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
