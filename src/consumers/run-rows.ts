import { runIdOf } from '../events/codec.ts'
import { applyToRunRow, type RunRow, type StoredRunEvent } from '../projections/run-index.ts'

/** The rows after these events, which are in order; `get` gives the rows before. */
export const foldRows = async <Event extends StoredRunEvent>(
  get: (runId: string) => Promise<RunRow | undefined>,
  events: readonly Event[],
  taken: (event: Event, before: RunRow | undefined, after: RunRow) => void = () => undefined,
): Promise<readonly RunRow[]> => {
  const rows = new Map<string, RunRow>()
  for (const event of events) {
    const runId = runIdOf(event.stream)
    const before = rows.get(runId) ?? (await get(runId))
    const after = applyToRunRow(before, event)
    rows.set(runId, after)
    taken(event, before, after)
  }
  return [...rows.values()]
}
