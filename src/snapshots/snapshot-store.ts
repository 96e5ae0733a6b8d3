/** A fold that was saved at one revision. A cache: deleting all of them changes nothing but the time of the next look. */
export interface Snapshot {
  readonly revision: number
  /** JSON text. */
  readonly text: string
}

/** Rejects with `EventLogUnavailable` where the cache cannot be read or written; whoever reads then folds from the beginning. */
export interface SnapshotStore {
  /** Those of a run up to and with a revision, in order. */
  upTo(runId: string, revision: number): Promise<readonly Snapshot[]>
  put(runId: string, snapshot: Snapshot): Promise<void>
  /** Forgets all of a run. */
  drop(runId: string): Promise<void>
  close(): Promise<void>
}
