import type { StoredEvent } from '../eventlog/event-log.ts'
import type { RebuiltPlace, TopicState } from '../views/view-store.ts'

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
  take(events: readonly StoredEvent[]): Promise<void>
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
