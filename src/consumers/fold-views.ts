import type { StoredEvent } from '../eventlog/event-log.ts'
import { runIdOf } from '../events/codec.ts'
import { takeInEvent, type RunRow, type StoredRunEvent } from '../projections/run-index.ts'
import type { StepRecord } from '../projections/step-records.ts'
import type { TimelineRecord } from '../projections/view-records.ts'
import { newestRecords } from '../views/newest-records.ts'
import type { ViewChanges, ViewStore } from '../views/view-store.ts'

// The one way into the views: the rows of a batch are read, its events are folded onto them, and `ViewStore.apply` writes what has changed and
// the new place of their source in one transaction. Sources differ in where a batch comes from and in what their place is:
//
//   - projector.ts, the log: all processes that work on runs; a position.
//   - topic-batch.ts, the topic of events: `refold project`; an offset of a partition, since partitions go on apart from each other.
//   - rebuild-views.ts, the whole log once more, into tables that nobody reads yet; its place is written when they are put in place.
//
// A store may be fed from log and topic at once: so each keeps a place of its own, and neither says anything of the other.

export interface FoldedViews<Event> {
  /** Rows and records that the events have changed, or begun. */
  readonly changes: ViewChanges
  /** Events with which a row has become a guess. */
  readonly poison: readonly { readonly event: Event; readonly reason: string }[]
}

/** What the events, in order, make of the views; `before` are the rows of their runs. */
export const foldViews = <Event extends StoredRunEvent>(before: readonly RunRow[], events: readonly Event[]): FoldedViews<Event> => {
  const rows = new Map(before.map((row) => [row.runId, row]))
  const changed = new Map<string, RunRow>()
  const newest = newestRecords()
  // What an event was is changed by no other.
  const timeline: TimelineRecord[] = []
  const steps: StepRecord[] = []
  const poison: { event: Event; reason: string }[] = []
  for (const event of events) {
    const runId = runIdOf(event.stream)
    const row = rows.get(runId)
    const { row: after, records } = takeInEvent(row, event)
    if (after === row) continue
    if (after.problem !== undefined && row?.problem === undefined) poison.push({ event, reason: after.problem })
    rows.set(runId, after)
    changed.set(runId, after)
    timeline.push(...records.timeline)
    steps.push(...records.steps)
    newest.add({ ...records, timeline: [], steps: [] })
  }
  return { changes: { rows: [...changed.values()], records: { ...newest.all(), timeline, steps } }, poison }
}

/** The same for events of the log, whose rows are read here. */
export const foldOnto = async (views: Pick<ViewStore, 'getMany'>, events: readonly StoredEvent[]): Promise<ViewChanges> => {
  const runIds = [...new Set(events.map(({ stream }) => runIdOf(stream)))]
  return foldViews(runIds.length === 0 ? [] : await views.getMany(runIds), events).changes
}
