/** One waiting subscriber. Rings that come while it is busy are kept, so nothing between a read and a wait is missed. */
export interface Alarm {
  /** Forgets earlier rings. Call it before reading. */
  clear(): void
  /** Resolves once it has rung since the last `clear`. */
  rung(): Promise<void>
  ring(): void
  stop(): void
}

export interface WakeUps {
  /** An alarm for one stream, or for the whole log. */
  listen(stream: string | undefined): Alarm
  /** Something was appended to this stream. */
  ring(stream: string): void
  /** Something happened somewhere, or everything ends. */
  ringAll(): void
}

/** `onListening` hears when the first one begins to listen and when the last one has stopped. */
export const wakeUps = (onListening: (isListening: boolean) => void = () => undefined): WakeUps => {
  const ofWholeLog = new Set<Alarm>()
  const ofStreams = new Map<string, Set<Alarm>>()
  let listeners = 0

  const bellsOf = (stream: string | undefined): Set<Alarm> => {
    if (stream === undefined) return ofWholeLog
    const bells = ofStreams.get(stream) ?? new Set<Alarm>()
    ofStreams.set(stream, bells)
    return bells
  }

  return {
    listen(stream) {
      const bells = bellsOf(stream)
      const bell = newBell(() => {
        if (!bells.delete(bell)) return
        listeners -= 1
        if (listeners === 0) onListening(false)
        if (stream !== undefined && bells.size === 0) ofStreams.delete(stream)
      })
      bells.add(bell)
      listeners += 1
      if (listeners === 1) onListening(true)
      return bell
    },
    ring(stream) {
      for (const bell of ofWholeLog) bell.ring()
      for (const bell of ofStreams.get(stream) ?? []) bell.ring()
    },
    ringAll() {
      for (const bell of ofWholeLog) bell.ring()
      for (const bells of ofStreams.values()) for (const bell of bells) bell.ring()
    },
  }
}

const newBell = (stop: () => void): Alarm => {
  let hasRung = false
  let wake: (() => void) | undefined
  return {
    clear() {
      hasRung = false
    },
    rung: () =>
      new Promise((resolve) => {
        if (hasRung) resolve()
        else wake = resolve
      }),
    ring() {
      hasRung = true
      wake?.()
      wake = undefined
    },
    stop,
  }
}
