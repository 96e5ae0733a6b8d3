import type { Clock } from '../clock.ts'

const FIRST_MS = 100
const LONGEST_MS = 5_000

/** How long to wait before the next try: 100 ms, twice as long each time, 5 s at most. */
export const backoffMs = (failures: number): number => Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20))

/** Resolves after the delay, or at once where the signal comes. */
export const pauseFor = (clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const end = (): void => {
      disarm()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const disarm = clock.setTimer(delayMs, end)
    signal.addEventListener('abort', end)
  })
