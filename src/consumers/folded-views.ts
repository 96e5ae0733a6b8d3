import { runIdOf } from '../events/codec.ts'
import { takeInEvent, type RunRow, type StoredRunEvent } from '../projections/run-index.ts'
import { newestRecords } from '../views/newest-records.ts'
import type { ViewChanges } from '../views/view-store.ts'

export interface FoldedViews<Event> {
  /** Rows and records that the events have changed, or begun. */
  readonly changes: ViewChanges
  /** Events with which a row has become a guess. */
  readonly poison: readonly { readonly event: Event; readonly reason: string }[]
}

export const runIdsOf = (events: readonly StoredRunEvent[]): string[] => [...new Set(events.map(({ stream }) => runIdOf(stream)))]

/** What the events, in order, make of the views; `before` are the rows of their runs. */
export const foldViews = <Event extends StoredRunEvent>(before: readonly RunRow[], events: readonly Event[]): FoldedViews<Event> => {
  const rows = new Map(before.map((row) => [row.runId, row]))
  const changed = new Map<string, RunRow>()
  const newest = newestRecords()
  const poison: { event: Event; reason: string }[] = []
  for (const event of events) {
    const runId = runIdOf(event.stream)
    const row = rows.get(runId)
    const { row: after, records } = takeInEvent(row, event)
    if (after === row) continue
    if (after.problem !== undefined && row?.problem === undefined) poison.push({ event, reason: after.problem })
    rows.set(runId, after)
    changed.set(runId, after)
    newest.add(records)
  }
  return { changes: { rows: [...changed.values()], records: newest.all() }, poison }
}
