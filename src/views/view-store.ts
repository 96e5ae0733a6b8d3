import type { RunRow } from '../projections/run-index.ts'
import type { ViewRecords } from '../projections/view-records.ts'
import type { ChangedRuns, FoundRun, FoundRuns, RunCounts, RunSearch, SearchedRuns } from './run-search.ts'
import type { SqlQuery, SqlResult } from './sql-query.ts'
import type { ViewFilter, ViewName, ViewPage } from './view-queries.ts'

/** How far a view store has read. */
export interface Checkpoint {
  /** Tells one log from another. */
  readonly log: string
  /** Up to where the rows have taken in all that the log holds of runs: that of an event, of a run or of others. */
  readonly position: number
}

/** Every given part must fit. */
export interface RunFilter {
  readonly status?: RunRow['status']
  readonly agent?: string
  readonly waitsFor?: NonNullable<RunRow['waitsFor']>
  readonly tenant?: string
  /** `name=value` */
  readonly tag?: string
}

export interface RunPage extends RunFilter {
  readonly limit: number
  /** Only rows below this position: that of the last row of the page before. */
  readonly before?: number
}

/** What events have made of runs: at most one row a run, and one record a key. Of two of one key the one with the higher revision stays. */
export interface ViewChanges {
  readonly rows: readonly RunRow[]
  readonly records: ViewRecords
}

/** Of events of the log. */
export interface LogBatch extends ViewChanges {
  /** What the changes were folded on: the store as it was at this checkpoint or later; undefined is an empty one. */
  readonly since: Checkpoint | undefined
  /** Up to where the store then holds all of the log. */
  readonly checkpoint: Checkpoint
}

/** Where a view store stands in a topic that feeds it. */
export interface TopicState {
  /** Counted up whenever the rows were taken away or replaced: what was folded on older rows must not be written. */
  readonly generation: number
  /** Of the next message to take in, by partition. */
  readonly offsets: ReadonlyMap<number, number>
}

/** Of messages of a topic. */
export interface TopicBatch extends ViewChanges {
  readonly topic: string
  readonly partition: number
  /** Of the rows that these were folded on. */
  readonly generation: number
  /** The offset that the view store has for the partition; undefined where it has none. */
  readonly from: number | undefined
  readonly next: number
}

/** Where views stand that were folded anew. */
export interface RebuiltPlace {
  /** undefined where the log is empty. */
  readonly checkpoint: Checkpoint | undefined
  /** Of a topic that feeds them: of the next message to take in, by partition. */
  readonly topic?: { readonly name: string; readonly offsets: ReadonlyMap<number, number> }
}

/** Tables that are folded anew where nobody looks, while the old ones are read and written. */
export interface ViewShadow {
  /** In no order; none of a run that is not there. */
  getMany(runIds: readonly string[]): Promise<readonly RunRow[]>
  put(changes: ViewChanges): Promise<void>
  /** All tables are replaced by these, in one step. The rebuild is over. */
  finish(place: RebuiltPlace): Promise<void>
  /** Gives the rebuild up. Nothing is left of it. */
  discard(): Promise<void>
}

/** How many rows each table holds, by its name. */
export type TableSizes = Readonly<Record<string, number>>

/**
 * The views of all runs. They hold nothing that the event log does not hold, so they may be thrown away at any time.
 * Several processes may write one store: the higher revision stays, and the checkpoint only goes on.
 *
 * All promises reject with `AppError`: `InvalidInput`, `StoreUnavailable` (busy or not writable: try again), `InvalidConfiguration`
 * (another version of Refold has taken the view store over), `Closed`.
 */
export interface ViewStore {
  checkpoint(): Promise<Checkpoint | undefined>

  /**
   * Changes and the place of their source, all or nothing: the checkpoint, or an offset of the topic; the other one stays as it is. False, and
   * nothing is written, where the view store was cleared after `since`, or has another generation or offset: read again where it stands.
   * Rejects with `InvalidInput` where the view store holds the runs of another log.
   */
  apply(batch: LogBatch | TopicBatch): Promise<boolean>

  topicState(topic: string): Promise<TopicState>

  /** Puts an end to a rebuild that somebody else has begun: its next step rejects with `NotPossible`. */
  beginRebuild(): Promise<ViewShadow>

  get(runId: string): Promise<RunRow | undefined>

  /** In no order; none of a run that is not there. */
  getMany(runIds: readonly string[]): Promise<readonly RunRow[]>

  /** The run with the newest event first. */
  list(page: RunPage): Promise<readonly RunRow[]>

  /** What people look at, in the order that they want. Rejects with `InvalidInput` for what no store could be asked. */
  find(search: RunSearch, now: number): Promise<FoundRuns>

  /** How many runs there are of each kind, of those that fit. */
  count(filter: SearchedRuns, now: number): Promise<RunCounts>

  /** Runs whose newest event lies behind a position, the one with the oldest first. */
  changed(which: ChangedRuns, now: number): Promise<readonly FoundRun[]>

  /**
   * Active runs that a worker has to look at by `now` (ms since the epoch), the most urgent first, then the one that was untouched for longest.
   * A run that was asked for by one that does not wait for it any more is due whatever the time.
   * Leaves out rows with a `problem`: this version cannot fold such a run.
   */
  due(now: number, limit: number): Promise<readonly RunRow[]>

  /**
   * The rows of a view that fit the filter, in the order of the view. `now` is the time that it counts from, ms since the epoch.
   * Rejects with `InvalidInput` for a filter that the view does not have, and for the cursor of another view.
   */
  query(view: ViewName, filter: ViewFilter, now: number): Promise<ViewPage>

  /**
   * Answers a query in the asker's words, where it can be stopped. Rejects with `InvalidInput` for one that cannot be answered or may not be
   * asked, `QueryTooLong`, `TooLarge` for one that needs too much memory, and `TooManyQueries`.
   */
  sql(query: SqlQuery): Promise<SqlResult>

  sizes(): Promise<TableSizes>

  /** Since when the processes that feed the views from a topic are to stand still, on every machine; undefined while they go on. */
  pausedSince(): Promise<number | undefined>

  setPaused(since: number | undefined): Promise<void>

  /** Forgets all rows, the checkpoint and the offsets. */
  clear(): Promise<void>

  close(): Promise<void>
}
