import type { Clock } from '../clock.ts'
import { isAppError } from '../errors.ts'
import type { EventLog } from './event-log.ts'

export interface ClockOffsetParts {
  readonly log: EventLog
  readonly clock: Clock
  /** In what steps the log tells when it stored an event: 1 for milliseconds. */
  readonly stepMs: number
  /** Called when the certain part of the difference has become another by a second or more. */
  readonly changed: (offsetMs: number) => void
}

/** A log whose server has a clock of its own, which is measured at appends. */
export interface MeasuredLog {
  readonly log: EventLog
  /** How far the server's clock is ahead of ours, as far as that is certain; 0 until it is measured. */
  readonly offsetMs: () => number
}

const MEASURE_EVERY_MS = 30_000
/** What took longer says little, and may have been repeated. */
const LONGEST_APPEND_MS = 4_000
const WORTH_TELLING_MS = 1_000

interface Bounds {
  readonly low: number
  readonly high: number
}

/**
 * An event that was stored between two looks at our clock was stored at a time by the server's: so the difference lies between two bounds,
 * as far apart as the append took. Bounds of later appends narrow them, and replace them where they say otherwise: a clock was set.
 */
export const measuringClock = ({ log, clock, stepMs, changed }: ClockOffsetParts): MeasuredLog => {
  let bounds: Bounds | undefined
  let measuredAt = Number.NEGATIVE_INFINITY
  let told = 0
  /** Appends whose outcome was unknown: repeated, they are found stored before we asked. */
  const inDoubt = new Set<string>()

  const offsetMs = (): number => (bounds === undefined ? 0 : Math.min(Math.max(0, bounds.low), bounds.high))

  const narrow = (measured: Bounds): void => {
    const narrowed = {
      low: Math.max(measured.low, bounds?.low ?? measured.low),
      high: Math.min(measured.high, bounds?.high ?? measured.high),
    }
    bounds = narrowed.low <= narrowed.high ? narrowed : measured
    if (Math.abs(offsetMs() - told) < WORTH_TELLING_MS) return
    told = offsetMs()
    changed(told)
  }

  const measure = async (
    stream: string,
    revision: number,
    { sentAt, storedBy }: { readonly sentAt: number; readonly storedBy: number },
  ) => {
    for await (const { storedAt } of log.readStream(stream, { from: revision, limit: 1 })) {
      narrow({ low: storedAt - storedBy, high: storedAt + stepMs - 1 - sentAt })
    }
  }

  const isWorthMeasuring = (sentAt: number, storedBy: number): boolean => {
    const tookMs = storedBy - sentAt
    // A clock that was set back shows as less than nothing.
    return tookMs >= 0 && tookMs <= LONGEST_APPEND_MS && Math.abs(storedBy - measuredAt) >= MEASURE_EVERY_MS
  }

  return {
    offsetMs,
    log: {
      ...log,
      async append(stream, expected, events) {
        const id = events[0]?.id ?? ''
        const sentAt = clock.now()
        try {
          const result = await log.append(stream, expected, events)
          const storedBy = clock.now()
          if (!inDoubt.delete(id) && isWorthMeasuring(sentAt, storedBy)) {
            measuredAt = storedBy
            // It is measured again later.
            measure(stream, result.revision, { sentAt, storedBy }).catch(() => undefined)
          }
          return result
        } catch (error) {
          if (isAppError(error, 'OutcomeUnknown')) inDoubt.add(id)
          else inDoubt.delete(id)
          throw error
        }
      },
    },
  }
}
