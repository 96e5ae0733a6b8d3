import type { Clock } from '../../src/clock.ts'
import { systemClock } from '../../src/clock.ts'

export interface TellingClock extends Clock {
  /** Resolves once timers of the length that is watched have gone off so many times. */
  wentOff(times: number): Promise<void>
}

/** The system's clock, which also tells when a timer of this length has gone off. */
export const tellingClock = (delayMs: number): TellingClock => {
  let count = 0
  const waiting = new Set<() => void>()
  return {
    now: () => systemClock.now(),
    setTimer: (ms, wake) =>
      systemClock.setTimer(ms, () => {
        wake()
        if (ms !== delayMs) return
        count += 1
        for (const look of waiting) look()
      }),
    wentOff: (times) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (count < times) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}
