/** What a projection is read by. */
export interface ReadableProjection<State = unknown> {
  readonly name: string
  initial(): State
}

/** What code that acts or decides may know of its run, beside what it is asked about. */
export interface RunContext<Context = unknown> {
  readonly runId: string
  readonly tenant: string | undefined
  /** What the run was started with beside its message or input, frozen; null where that was nothing. */
  readonly context: Context
  /**
   * State at this point of the run of a projection of its agent: its plain objects are frozen, a Map in it is a copy. Throws for one that the
   * agent has not got, and in code of a tool for one that the tool does not declare.
   */
  projection<State>(projection: ReadableProjection<State>): State
}
