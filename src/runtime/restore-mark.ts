/** An older copy of the log was restored, and everything before this position was in it or was done before anybody knew. */
export interface RestoreMark {
  readonly id: string
  readonly position: number
  /** Runs that are known to have been begun, and that the copy lacks or holds only the beginning of. */
  readonly lostRuns: { has(runId: string): boolean }
}
