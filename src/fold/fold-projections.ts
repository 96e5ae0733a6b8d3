import { attempted } from '../errors.ts'
import type { RunEvent } from '../events/envelope.ts'
import { foldedEvent, type Projection } from '../projections/projection.ts'

/** A projection of the agent that failed at an event: until its code is repaired nobody knows its state from there on. */
export interface BrokenProjection {
  readonly projection: string
  readonly revision: number
  readonly type: string
  readonly problem: string
}

/** The agent's own folds, whose states its tools may read. */
export interface Projected {
  readonly projections: readonly unknown[]
  /** The first that failed. None of them is folded on from there: the run begins nothing that could read one. */
  readonly broken?: BrokenProjection
}

/**
 * What the agent's projections make of an event. What fails is kept out of the rest of the state, since it says nothing about the run: the same events
 * give the right state once the code is right. `before` is undefined at the first event.
 */
export const applyProjections = (projections: readonly Projection[], before: Projected | undefined, event: RunEvent): Projected => {
  if (before?.broken !== undefined) return { projections: before.projections, broken: before.broken }
  if (projections.length === 0) return NONE
  const folded = foldedEvent(event)
  const after: unknown[] = []
  for (const [index, projection] of projections.entries()) {
    const next = attempted(() => projection.apply(before === undefined ? projection.initial() : before.projections[index], folded), asItIs)
    if (!next.ok) {
      const { revision, type } = event
      return { projections: before?.projections ?? [], broken: { projection: projection.name, revision, type, problem: next.problem } }
    }
    after.push(next.value)
  }
  return { projections: after }
}

const NONE: Projected = { projections: [] }

const asItIs = (value: unknown): unknown => value

/** What a person can act on. */
export const describeBroken = ({ projection, revision, type, problem }: BrokenProjection): string =>
  `the projection ${projection} failed at revision ${revision} (${type}): ${problem}`
