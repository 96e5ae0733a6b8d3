import type { Clock } from '../../clock.ts'

/** Bounds how much of one kind runs at once, and how fast it starts, in this process. */
export interface Slots {
  /** Takes one if there is one; otherwise the run waits, once however often it asks, and is woken when it is worth asking again. */
  tryAcquire(runId: string): boolean
  release(): void
}

/** What becomes of the runs that wait. */
export interface WaitingRuns {
  /** Called when a run begins to wait; what it returns is called when it no longer does. */
  readonly hold: (runId: string) => () => void
  /** Takes a place for the run or does without it, and then resolves. Never rejects. */
  readonly wake: (runId: string) => Promise<unknown>
}

export interface SlotLimits {
  readonly concurrency: number
  readonly ratePerSecond: number
}

const ONE_SECOND_MS = 1_000

export const createSlots = (clock: Clock, { concurrency, ratePerSecond }: SlotLimits, runs: WaitingRuns): Slots => {
  const intervalMs = ONE_SECOND_MS / ratePerSecond
  /** By id, in order of their coming. */
  const waiting = new Map<string, () => void>()
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
      const [first] = waiting
      if (first === undefined) return
      const [runId, letGo] = first
      waiting.delete(runId)
      await runs.wake(runId)
      letGo()
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
    tryAcquire(runId) {
      const delayMs = untilStartMs()
      if (taken >= concurrency || delayMs > 0) {
        if (!waiting.has(runId)) waiting.set(runId, runs.hold(runId))
        if (taken < concurrency) wakeIn(delayMs)
        return false
      }
      if (ratePerSecond !== Infinity) nextStartAt = clock.now() + intervalMs
      taken += 1
      return true
    },
    release() {
      taken -= 1
      if (waiting.size > 0) void wake()
    },
  }
}
