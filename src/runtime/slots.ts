import type { Clock } from '../clock.ts'

/** Bounds how much of one kind runs at once, and how fast it starts, in this process. */
export interface Slots {
  /** Takes one if there is one; otherwise calls `retry` once, when it is worth asking again. */
  take(retry: () => void): boolean
  release(): void
}

const ONE_SECOND_MS = 1_000

export const createSlots = (
  clock: Clock,
  { concurrency, ratePerSecond }: { readonly concurrency: number; readonly ratePerSecond: number },
): Slots => {
  let taken = 0
  let nextStartAt = Number.NEGATIVE_INFINITY
  const waiting: (() => void)[] = []
  return {
    take(retry) {
      if (taken >= concurrency) {
        waiting.push(retry)
        return false
      }
      const now = clock.now()
      if (now < nextStartAt) {
        clock.setTimer(nextStartAt - now, retry)
        return false
      }
      if (ratePerSecond !== Infinity) nextStartAt = now + ONE_SECOND_MS / ratePerSecond
      taken += 1
      return true
    },
    release() {
      taken -= 1
      waiting.shift()?.()
    },
  }
}
