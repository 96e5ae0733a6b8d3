import type { StoredEvent } from '../eventlog/event-log.ts'
import type { RebuiltPlace, TopicState, ViewStore, ViewChanges } from '../views/view-store.ts'
import { runIdOf } from '../events/codec.ts'
import { takeInEvent, type RunRow, type StoredRunEvent } from '../projections/run-index.ts'
import { newestRecords } from '../views/newest-records.ts'

/** An event that a view cannot take in. */
export interface PoisonEvent {
  readonly event: StoredEvent
  readonly reason: string
}

/** Where a batch of messages lies, and what the view was when it was folded. */
export interface FedPlace {
  readonly topic: string
  readonly partition: number
  readonly generation: number
  /** The offset that the view has for the partition; undefined where it has none. */
  readonly from: number | undefined
  readonly next: number
}

export interface FoldedEvents {
  /** Events that marked their run just now. */
  readonly poison: readonly PoisonEvent[]
  /** Rows and offset in one transaction. False, and nothing is written, where the view stands elsewhere by now. */
  write(place: FedPlace): Promise<boolean>
}

/** Some runs, as the view holds them. */
export interface OpenRuns {
  /** Of the newest event of each run; a run that the view does not know has none. */
  readonly revisions: ReadonlyMap<string, number>
  /** Folds events of these runs, of each without a gap. Writes nothing yet. */
  fold(events: readonly StoredEvent[]): FoldedEvents
}

export interface ViewRebuild {
  /** The next events of the log, in order. */
  apply(events: readonly StoredEvent[]): Promise<void>
  /** All that the view showed is replaced in one step, and log and topic are read on from here. */
  finish(place: RebuiltPlace): Promise<void>
  discard(): Promise<void>
}

/**
 * A read model that is fed from the topic of events. Its promises reject where it cannot be read or written, and never because of
 * an event: one that it cannot take in marks its run, and the others go on.
 */
export interface FedView {
  state(topic: string): Promise<TopicState>
  open(runIds: readonly string[]): Promise<OpenRuns>
  /** Whether somebody wants all that feed it to stand still, on whatever machine. */
  isPaused(): Promise<boolean>
  beginRebuild(): Promise<ViewRebuild>
}

/** The views as fed from a topic: the same fold as the projector's, which feeds them from the log. */
export const viewStoreFeed = (views: ViewStore): FedView => ({
  state: (topic) => views.topicState(topic),
  async open(runIds) {
    const before = await views.getMany(runIds)
    return {
      revisions: new Map(before.map(({ runId, revision }) => [runId, revision])),
      fold: (events) => {
        const { changes, poison } = foldViews(before, events)
        return { poison, write: (place) => views.applyFrom({ ...changes, ...place }) }
      },
    }
  },
  isPaused: async () => (await views.pausedSince()) !== undefined,
  async beginRebuild() {
    const shadow = await views.beginRebuild()
    return {
      apply: async (events) => shadow.put(foldViews(await shadow.getMany(runIdsOf(events)), events).changes),
      finish: (place) => shadow.finish(place),
      discard: () => shadow.discard(),
    }
  },
})

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
