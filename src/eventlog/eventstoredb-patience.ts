import type { Clock } from '../clock.ts'

/** Between one try and the next; the last one is repeated. */
const PAUSES_MS = [20, 50, 100, 200, 400, 800, 1_500]
const LONGEST_PAUSE_MS = 2_000

/** How many timeouts long a call is tried again. */
const PATIENCE_IN_TIMEOUTS = 4

/** How long a call is tried again after it failed first: each pause is longer than the one before, until the patience is over. */
export interface Patience {
  readonly isOver: boolean
  pause(): Promise<void>
  /** All is well again. */
  renew(): void
}

export const patience = (clock: Clock, timeoutMs: number): Patience => {
  let isOver = false
  let pauses = 0
  let takeBack: (() => void) | undefined
  return {
    get isOver() {
      return isOver
    },
    pause() {
      takeBack ??= clock.setTimer(timeoutMs * PATIENCE_IN_TIMEOUTS, () => {
        isOver = true
      })
      const pauseMs = PAUSES_MS[pauses++] ?? LONGEST_PAUSE_MS
      return new Promise((resolve) => {
        clock.setTimer(pauseMs, resolve)
      })
    },
    renew() {
      takeBack?.()
      takeBack = undefined
      isOver = false
      pauses = 0
    },
  }
}
