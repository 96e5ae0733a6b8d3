import type { Clock } from '../clock.ts'

/** A clock that stands still until it is told to move; its timers fire in order of their time. */
export interface ManualClock extends Clock {
  advance(byMs: number): void
  /** Jumps to the next timer; false where none is armed. */
  next(): boolean
}

/** `startsAt`: ms since the epoch; 2023-11-14T22:13:20Z by default. */
export const manualClock = (startsAt = 1_700_000_000_000): ManualClock => {
  let now = startsAt
  let timers: { at: number; wake: () => void }[] = []
  const advanceTo = (time: number): void => {
    for (;;) {
      const due = timers.filter(({ at }) => at <= time).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      timers = timers.filter((timer) => timer !== due)
      now = Math.max(now, due.at)
      due.wake()
    }
    now = Math.max(now, time)
  }
  return {
    now: () => now,
    setTimer(delayMs, wake) {
      const timer = { at: now + delayMs, wake }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance: (byMs) => {
      advanceTo(now + byMs)
    },
    next() {
      const [first] = [...timers].sort((a, b) => a.at - b.at)
      if (first !== undefined) advanceTo(first.at)
      return first !== undefined
    },
  }
}
