import { z } from 'zod'
import type { StoredEvent } from '../eventlog/event-log.ts'
import { present } from '../present.ts'

/** An older copy of the log was restored: what it lacks may have happened all the same. */
export interface Restore {
  /** Of the event that records it. */
  readonly id: string
  /** Of that event: whatever lies before it was in the copy, or was done before anybody knew. */
  readonly position: number
  /** When it was recorded, ms since the epoch. */
  readonly at: number
  /** Where the log ended then. */
  readonly head: number
  /** What the log was called by who knew more of it. */
  readonly instead?: string
  /** Who has told it; undefined where a process has found it out. */
  readonly by?: string
  /** Runs of which more was known than the log holds, as far as somebody knew: their newest revisions. */
  readonly lostRuns: ReadonlyMap<string, number>
}

export const RESTORED_TYPE = 'LogRestored'
/** So many are named. */
export const MOST_LOST_RUNS = 1_000

const shape = z.object({
  head: z.number(),
  instead: z.string().optional(),
  by: z.string().optional(),
  lostRuns: z.array(z.tuple([z.string(), z.number()])),
})

/** Undefined for another event of the stream. Throws for one that nobody of us has written. */
export const readRestore = ({ id, type, position, storedAt, data }: StoredEvent): Restore | undefined => {
  if (type !== RESTORED_TYPE) return undefined
  const { head, lostRuns, by, instead } = shape.parse(JSON.parse(data))
  return { id, position, at: storedAt, head, lostRuns: new Map(lostRuns), ...present({ by, instead }) }
}

export const restoreText = ({ head, by, instead, lostRuns }: Omit<Restore, 'id' | 'position' | 'at'>): string =>
  JSON.stringify({ head, instead, by, lostRuns: [...lostRuns].slice(0, MOST_LOST_RUNS) })
