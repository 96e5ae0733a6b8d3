/** What a projection is read by. */
export interface ReadableProjection<State = unknown> {
  readonly name: string
  initial(): State
}

declare const VALUE: unique symbol

/** What `dependency` gives: of which type a dependency is. */
export interface Dependency<Value> {
  readonly [VALUE]?: Value | undefined
}

/** What code needs that is code itself, by the names under which `openRefold` is given it. */
export type DependenciesOf<Needs> = { readonly [Name in keyof Needs]: Dependency<Needs[Name]> }

/** What code that decides may know of its run, beside what it is asked about. */
export interface RunPoint<Context = unknown, Data = unknown> {
  readonly runId: string
  readonly tenant: string | undefined
  /** What the run was started with beside its message or input, frozen; null where that was nothing. */
  readonly context: Context
  /**
   * What a program said with the message that led here, frozen: the newest that the model had read, or the one that is checked; for what a
   * chart does by itself, the newest that had come in. Null where it said nothing. A projection sees those of all messages.
   */
  readonly messageData: Data
  /**
   * State at this point of the run of a projection of its agent: its plain objects are frozen, a Map in it is a copy. Throws for one that the
   * agent has not got, and in code of a tool for one that the tool does not declare.
   */
  projection<State>(projection: ReadableProjection<State>): State
}

/** The same, with what a process has at hand. */
export interface RunContext<Context = unknown, Data = unknown, Needs = unknown> extends RunPoint<Context, Data> {
  /** Those that the code declares, as `openRefold` was given them. Never recorded. */
  readonly dependencies: Needs
}
