import type { Clock } from '../clock.ts'

/** Bounds how much of one kind runs at once, and how fast it starts, in this process. */
export interface Slots {
  /** Takes one if there is one; otherwise `retry` is called once, when it is worth asking again. */
  take(waiting: WaitingRun): boolean
  release(): void
}

export interface WaitingRun {
  /** However often it asks, it waits once. */
  readonly key: string
  /** Takes a place or does without it, and then resolves. Never rejects. */
  readonly retry: () => Promise<unknown>
}

const ONE_SECOND_MS = 1_000

export const createSlots = (
  clock: Clock,
  { concurrency, ratePerSecond }: { readonly concurrency: number; readonly ratePerSecond: number },
): Slots => {
  const intervalMs = ONE_SECOND_MS / ratePerSecond
  const waiting = new Map<string, WaitingRun>()
  let taken = 0
  let nextStartAt = Number.NEGATIVE_INFINITY
  let isTimed = false

  const untilStartMs = (): number => {
    const delayMs = nextStartAt - clock.now()
    // Longer than the interval: the clock was set back.
    return delayMs > intervalMs ? 0 : Math.max(0, delayMs)
  }

  /** One after the other: one that is woken may no longer want its place, and then it is the next one's. */
  const wake = async (): Promise<void> => {
    while (waiting.size > 0 && taken < concurrency) {
      const delayMs = untilStartMs()
      if (delayMs > 0) {
        wakeIn(delayMs)
        return
      }
      const [first] = waiting.values()
      if (first === undefined) return
      waiting.delete(first.key)
      await first.retry()
    }
  }

  const wakeIn = (delayMs: number): void => {
    if (isTimed) return
    isTimed = true
    clock.setTimer(delayMs, () => {
      isTimed = false
      void wake()
    })
  }

  return {
    take(asking) {
      const delayMs = untilStartMs()
      if (taken >= concurrency || delayMs > 0) {
        waiting.set(asking.key, asking)
        if (taken < concurrency) wakeIn(delayMs)
        return false
      }
      if (ratePerSecond !== Infinity) nextStartAt = clock.now() + intervalMs
      taken += 1
      return true
    },
    release() {
      taken -= 1
      void wake()
    },
  }
}
