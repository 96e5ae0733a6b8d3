import type { Clock } from '../clock.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import { RUN_STREAM_PREFIX } from '../events/codec.ts'
import { TIMED_OUT, withDeadline } from '../runtime/deadline.ts'

/** What the log holds of runs behind a place. */
export interface LogLag {
  readonly events: number
  /** There are perhaps more: it was counted for a second, and up to 10,000. */
  readonly isAtLeast: boolean
  /** When the first of them was stored, ms since the epoch; undefined where there is none, or none was found yet. */
  readonly since: number | undefined
}

const MOST_COUNTED = 10_000
const COUNTED_FOR_MS = 1_000

interface LagParts {
  readonly log: EventLog
  readonly clock: Clock
  /** Of the streams that are read; all runs by default. */
  readonly streamPrefix?: string
}

/** `after` is a position; undefined is before the first event. Rejects with the errors of the log. */
export const logLag = async ({ log, clock, streamPrefix = RUN_STREAM_PREFIX }: LagParts, after: number | undefined): Promise<LogLag> => {
  const counted: { events: number; since: number | undefined } = { events: 0, since: undefined }
  const count = async (signal: AbortSignal): Promise<boolean> => {
    const begin = after === undefined ? {} : { from: after }
    for await (const { position, storedAt } of log.readAll({ filter: { streamPrefix }, ...begin })) {
      if (signal.aborted || counted.events >= MOST_COUNTED) return true
      if (position === after) continue
      counted.events += 1
      counted.since ??= storedAt
    }
    return false
  }
  const isAtLeast = await withDeadline(clock, { timeoutMs: COUNTED_FOR_MS, outer: NEVER, late: () => undefined }, count).catch(
    (error: unknown) => {
      if (error === TIMED_OUT) return true
      throw error
    },
  )
  return { ...counted, isAtLeast }
}

/** When the oldest event of a run behind a position was stored; undefined where there is none. */
export const oldestBehind = async (log: EventLog, after: number | undefined): Promise<number | undefined> => {
  const begin = after === undefined ? {} : { from: after }
  for await (const { position, storedAt } of log.readAll({ filter: { streamPrefix: RUN_STREAM_PREFIX }, ...begin, limit: 2 })) {
    if (position !== after) return storedAt
  }
  return undefined
}

const NEVER = new AbortController().signal
