import { setImmediate as nextTurn } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import type { StoredEvent } from '../eventlog/event-log.ts'
import { decodeEvent, streamOf } from '../events/codec.ts'
import { deletionEventTypes } from '../events/run-events.ts'
import { outlineRow, unreadOutlineRow, type OutlineRow } from '../projections/outline-row.ts'
import { deleted } from '../runtime/reading/run-reader.ts'
import type { ServedRefold } from './api-parts.ts'

// The outline of a run: from the stored texts alone, payloads in the blob store are not fetched.

const NO_PAYLOADS: ReadonlyMap<string, string> = new Map()
/** UTF-16 units of the rows of a page, which ends with the row that goes beyond. */
const PAGE_LENGTH = 8 * 1024 * 1024
/** Then others have a turn. */
const ROWS_AT_ONCE = 200

interface OutlineReader {
  /** Rows have to be asked for in order of their revisions, from the first on. Rejects with `RunDeleted`. */
  rowOf(stored: StoredEvent): Promise<OutlineRow>
}

/** Ids of events that may have led to a later one, the newest of them. */
const MOST_KNOWN = 20_000

/** What led to an event is named by its id: events from before `from` are looked up only where one of them did. */
export const outlineReader = ({ log }: Pick<ServedRefold, 'log'>, runId: string, from: number): OutlineReader => {
  const revisions = new Map<string, number>()
  let knowsEarlier = from === 0

  const learn = (id: string, revision: number): void => {
    const [oldest] = revisions.keys()
    if (revisions.size >= MOST_KNOWN && oldest !== undefined) revisions.delete(oldest)
    revisions.set(id, revision)
  }

  const learnEarlier = async (): Promise<void> => {
    knowsEarlier = true
    for await (const { id, revision } of log.readStream(streamOf(runId))) {
      if (revision >= from) return
      learn(id, revision)
    }
  }

  return {
    async rowOf(stored) {
      if (deletionEventTypes.has(stored.type)) throw await deleted({ log }, runId)
      learn(stored.id, stored.revision)
      let isEarlier = false
      const row = rowFrom(stored, (id) => {
        isEarlier = !revisions.has(id)
        return revisions.get(id)
      })
      if (!isEarlier || knowsEarlier) return row
      await learnEarlier()
      return rowFrom(stored, (id) => revisions.get(id))
    },
  }
}

const rowFrom = (stored: StoredEvent, causeOf: (eventId: string) => number | undefined): OutlineRow => {
  try {
    return outlineRow(decodeEvent(stored, NO_PAYLOADS), causeOf)
  } catch (error) {
    return unreadOutlineRow(stored, messageOf(error))
  }
}

interface OutlinePage {
  readonly runId: string
  readonly rows: readonly OutlineRow[]
  readonly next: number | null
}

/** It ends after so many rows, or with the one that makes it too long. Of a run that is there. Rejects with `RunDeleted`. */
export const readOutline = async (
  refold: Pick<ServedRefold, 'log'>,
  runId: string,
  { from, limit }: { readonly from: number; readonly limit: number },
): Promise<OutlinePage> => {
  const outline = outlineReader(refold, runId, from)
  const rows: OutlineRow[] = []
  let length = 0
  for await (const stored of refold.log.readStream(streamOf(runId), { from })) {
    if (rows.length === limit || length >= PAGE_LENGTH) return { runId, rows, next: stored.revision }
    const row = await outline.rowOf(stored)
    rows.push(row)
    length += row.summary.length + row.to.length + ROW_LENGTH
    if (rows.length % ROWS_AT_ONCE === 0) await nextTurn()
  }
  return { runId, rows, next: null }
}

/** Of all that is short in it, about. */
const ROW_LENGTH = 200
