import { runIdOf } from '../events/codec.ts'
import { applyToRunRow, type RunRow, type StoredRunEvent } from '../projections/run-index.ts'

export interface FoldedRows<Event> {
  /** Those that the events have changed, or begun. */
  readonly rows: readonly RunRow[]
  /** Events with which a row has become a guess. */
  readonly poison: readonly { readonly event: Event; readonly reason: string }[]
}

export const runIdsOf = (events: readonly StoredRunEvent[]): string[] => [...new Set(events.map(({ stream }) => runIdOf(stream)))]

/** What the events, in order, make of the rows of their runs. */
export const foldRows = <Event extends StoredRunEvent>(before: readonly RunRow[], events: readonly Event[]): FoldedRows<Event> => {
  const rows = new Map(before.map((row) => [row.runId, row]))
  const changed = new Map<string, RunRow>()
  const poison: { event: Event; reason: string }[] = []
  for (const event of events) {
    const runId = runIdOf(event.stream)
    const row = rows.get(runId)
    const after = applyToRunRow(row, event)
    if (after.problem !== undefined && row?.problem === undefined) poison.push({ event, reason: after.problem })
    if (after === row) continue
    rows.set(runId, after)
    changed.set(runId, after)
  }
  return { rows: [...changed.values()], poison }
}
