import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import type { ManualClock } from './manual-clock.ts'

export interface Passing {
  readonly clock: ManualClock
  /** Whether a model, a tool or a look-up is under way: time waits for them. */
  readonly isBusy: () => boolean
  /** Where the log ends. */
  readonly head: () => Promise<number | undefined>
}

export interface Awaited {
  readonly withinMs?: number | undefined
  /** What is waited for, and what there is in its place, in words. */
  readonly what: string
  readonly found: () => Promise<string>
}

/** Moves a clock that stands still, once all has happened that needs no time. */
export interface ThroughTime {
  /** Rejects with `NotPossible` where it does not come within so much real time, or nothing is left that could bring it. */
  until<Result>(promise: Promise<Result>, awaited: Awaited): Promise<Result>
  /** Resolves once nothing happens any more without time. */
  idle(awaited: Awaited): Promise<void>
}

const WITHIN_MS = 5_000
/** So many turns of the event loop without an event, and nothing needs no time any more. */
const QUIET_TURNS = 2
/** So many more, where no timer is left either. */
const LAST_TURNS = 50

export const throughTime = ({ clock, isBusy, head }: Passing): ThroughTime => {
  const quiet = async (): Promise<boolean> => {
    const before = await head()
    for (let turns = 0; turns < QUIET_TURNS; turns++) await nextTurn()
    return !isBusy() && (await head()) === before
  }
  return {
    async until(promise, { withinMs = WITHIN_MS, what, found }) {
      const over = within(withinMs)
      const outcome = outcomeOf(promise)
      let left = LAST_TURNS
      for (;;) {
        const isQuiet = await quiet()
        if (outcome.isThere()) return promise
        if (over()) throw new AppError('NotPossible', `Expected ${what} within ${withinMs} ms, found ${await found()}`)
        if (!isQuiet || clock.next()) left = LAST_TURNS
        else if (--left === 0) throw new AppError('NotPossible', `Expected ${what}, found no timer left and ${await found()}`)
      }
    },
    async idle({ withinMs = WITHIN_MS, what, found }) {
      const over = within(withinMs)
      while (!(await quiet()))
        if (over()) throw new AppError('NotPossible', `Expected ${what} within ${withinMs} ms, found ${await found()}`)
    },
  }
}

/** Of real time. */
const within = (ms: number): (() => boolean) => {
  const deadline = performance.now() + ms
  return () => performance.now() > deadline
}

const outcomeOf = (promise: Promise<unknown>): { readonly isThere: () => boolean } => {
  let isThere = false
  const note = (): void => {
    isThere = true
  }
  promise.then(note, note)
  return { isThere: () => isThere }
}
