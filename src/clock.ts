/** Time, identity and chance are given, never taken: tests and the simulator hand in their own. */
export interface Clock {
  /** Milliseconds since the epoch. May step backwards. */
  now(): number
  /** Calls `wake` once, `delayMs` from now at the earliest. Returns what takes it back. */
  setTimer(delayMs: number, wake: () => void): () => void
}

export interface IdSource {
  /** A fresh UUID, lower case. */
  uuid(): string
}

/** Uniform in [0, 1). */
export type Random = () => number

const LONGEST_NODE_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, wake) {
    // Node fires a timer beyond 2^31-1 ms at once, so a longer one is armed in legs.
    let handle: NodeJS.Timeout
    const arm = (leftMs: number): void => {
      handle =
        leftMs > LONGEST_NODE_TIMER_MS
          ? setTimeout(arm, LONGEST_NODE_TIMER_MS, leftMs - LONGEST_NODE_TIMER_MS)
          : setTimeout(wake, Math.max(0, leftMs))
    }
    arm(delayMs)
    return () => {
      clearTimeout(handle)
    }
  },
}

export const systemIds: IdSource = { uuid: () => crypto.randomUUID() }
