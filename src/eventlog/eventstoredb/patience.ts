import type { Clock } from '../../clock.ts'

/** Between one try and the next; the last one is repeated. */
const PAUSES_MS = [20, 50, 100, 200, 400, 800, 1_500]
const LONGEST_PAUSE_MS = 2_000

/** How many timeouts long a call is tried again. */
const PATIENCE_IN_TIMEOUTS = 4

export interface Pauses {
  /** Each is longer than the one before. */
  pause(): Promise<void>
  /** All is well again: the next one is short. */
  renew(): void
}

export const pauses = (clock: Clock): Pauses => {
  let taken = 0
  return {
    pause() {
      const pauseMs = PAUSES_MS[taken++] ?? LONGEST_PAUSE_MS
      return new Promise((resolve) => {
        clock.setTimer(pauseMs, resolve)
      })
    },
    renew() {
      taken = 0
    },
  }
}

/** Pauses between the tries of a call, until so much time has passed since it failed first. */
export interface Patience extends Pauses {
  readonly isOver: boolean
}

export const patience = (clock: Clock, timeoutMs: number): Patience => {
  const between = pauses(clock)
  let isOver = false
  let takeBack: (() => void) | undefined
  let goOn: () => void = () => undefined
  return {
    get isOver() {
      return isOver
    },
    pause() {
      return new Promise((resolve, reject) => {
        goOn = resolve
        takeBack ??= clock.setTimer(timeoutMs * PATIENCE_IN_TIMEOUTS, () => {
          isOver = true
          // For the last try.
          goOn()
        })
        between.pause().then(resolve, reject)
      })
    },
    renew() {
      takeBack?.()
      takeBack = undefined
      isOver = false
      between.renew()
    },
  }
}
