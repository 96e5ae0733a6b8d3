import type { RunEvent } from '../events/envelope.ts'

/** A fold of a run's events: pure, so that it can be thrown away and rebuilt. `apply` returns the old state where nothing changed. */
export interface Projection<State = unknown> {
  readonly name: string
  initial(): State
  apply(state: State, event: RunEvent): State
  /** What people see of it, as JSON; the state itself by default. */
  show?(state: State): unknown
}

/** Keeps the type of the state that `initial` gives. */
export const defineProjection = <State>(projection: Projection<State>): Projection<State> => projection
