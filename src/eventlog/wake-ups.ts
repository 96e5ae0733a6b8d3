import type { StoredEvent } from './event-log.ts'

/** One subscriber. Rings that come while it is busy are kept, so nothing between a look and a wait is missed. */
export interface Alarm {
  /**
   * What has happened since it was asked last: the events, where these were appended to its stream and nothing else; undefined where only the
   * log can tell. At first it is undefined.
   */
  news(): readonly StoredEvent[] | undefined
  /** Resolves once it has rung since the last call of `news`. */
  rung(): Promise<void>
  ring(appended?: readonly StoredEvent[]): void
  stop(): void
}

export interface WakeUps {
  /** An alarm for one stream, or for the whole log. */
  listen(stream: string | undefined): Alarm
  /** Something was done to this stream. `appended` gives the events, where it was an append and nothing else. */
  ring(stream: string, appended?: () => readonly StoredEvent[]): void
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
    ring(stream, appended) {
      for (const bell of ofWholeLog) bell.ring()
      const bells = ofStreams.get(stream)
      if (bells === undefined) return
      const events = appended?.()
      for (const bell of bells) bell.ring(events)
    },
    ringAll() {
      for (const bell of ofWholeLog) bell.ring()
      for (const bells of ofStreams.values()) for (const bell of bells) bell.ring()
    },
  }
}

/** What a busy subscriber is behind by more than this it reads from the log. In UTF-16 units of data and meta. */
const MOST_LENGTH = 1024 * 1024
const MOST_EVENTS = 256

const newBell = (stop: () => void): Alarm => {
  let hasRung = true
  let kept: StoredEvent[] | undefined
  let length = 0
  let wake: (() => void) | undefined

  const keep = (appended: readonly StoredEvent[]): void => {
    if (kept === undefined) return
    const [newest, next] = [kept.at(-1), appended[0]]
    // Another process has appended what lies between, and its word may come later.
    if (newest !== undefined && next !== undefined && next.revision !== newest.revision + 1) {
      kept = undefined
      return
    }
    for (const { data, meta } of appended) length += data.length + meta.length
    if (length > MOST_LENGTH || kept.length + appended.length > MOST_EVENTS) kept = undefined
    else kept.push(...appended)
  }

  return {
    news() {
      const news = kept
      kept = []
      length = 0
      hasRung = false
      return news
    },
    rung: () =>
      new Promise((resolve) => {
        if (hasRung) resolve()
        else wake = resolve
      }),
    ring(appended) {
      if (appended === undefined) kept = undefined
      else keep(appended)
      hasRung = true
      wake?.()
      wake = undefined
    },
    stop,
  }
}
