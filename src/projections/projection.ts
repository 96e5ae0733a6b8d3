import type { EventMeta, RunEvent } from '../events/envelope.ts'
import type { RunFact } from '../events/run-events.ts'
import { deepFrozen, type Json } from '../json.ts'
import { refuseUnknownMembers, type OptionNames } from '../known-options.ts'
import { present } from '../present.ts'

/** An event without what only its place in the log can say: the same while it is decided on as when it is read back. */
export type FoldedEvent = RunFact & {
  readonly id: string
  readonly runId: string
  readonly revision: number
  readonly meta: Omit<EventMeta, 'to' | 'intents' | 'ignored' | 'blobs' | 'media' | 'hash'>
}

/** A fold of a run's events: pure, so that it can be thrown away and rebuilt. `apply` returns the old state where nothing changed. */
export interface Projection<State = unknown> {
  readonly name: string
  /** To be changed with code that its functions call: its states that were saved are folded anew then, as they are where the functions change. */
  readonly version?: string | number | undefined
  initial(): State
  apply(state: State, event: FoldedEvent): State
  /** What people see of it, as JSON; the state itself by default. */
  show?(state: State): unknown
  /**
   * The state as JSON, so that a look at a long run goes on from where it was saved. By default a state is saved that JSON carries as it is, and
   * a run with any other is folded from its beginning; so is one whose `save` or `load` throws, or whose `load` gives another state.
   */
  save?(state: State): unknown
  /** The state that `save` has made this of. */
  load?(saved: Json): State
}

/** Keeps the type of the state that `initial` gives. Throws `InvalidConfiguration` for what is no part of a projection. */
export const defineProjection = <State>(projection: Projection<State>): Projection<State> => {
  checkProjection(projection)
  return projection
}

/** Throws `InvalidConfiguration` for a member that nobody reads. */
export const checkProjection = <State>(projection: Projection<State>): void => {
  refuseUnknownMembers(`projection "${projection.name}"`, projection, PROJECTION)
}

const PROJECTION: OptionNames<Projection> = { name: true, version: true, initial: true, apply: true, show: true, save: true, load: true }

export const foldedEvent = ({ type, data, id, runId, revision, meta }: RunEvent): FoldedEvent => {
  const { version, at, agent, chartHash, correlationId, causationId, commandId, actor, traceparent } = meta
  const known = { version, at, agent, chartHash, correlationId, ...present({ causationId, commandId, actor, traceparent }) }
  return deepFrozen({ type, data, id, runId, revision, meta: known } as FoldedEvent)
}
