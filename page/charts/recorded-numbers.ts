import type { ChartGraph, StateRow, StepRow } from '../server/contract.ts'
import { nothing, withShares, type ChartNumbers, type Numbers } from './numbers.ts'

type Node = ChartGraph['nodes'][number]
type Edge = ChartGraph['edges'][number]

/** What of a chart its numbers are written beside. */
export interface NumberedGraph {
  readonly nodes: readonly Pick<Node, 'id' | 'key' | 'parent'>[]
  readonly edges: readonly Pick<Edge, 'id' | 'source' | 'target' | 'label'>[]
}

const ROOT = ''

/**
 * What a chart has done whose code is not here, by its record alone: the places where it stood and the steps that it has taken. What it might have
 * done and never has, nobody knows.
 */
export const recordedNumbers = (
  steps: readonly StepRow[],
  places: readonly StateRow[],
): { readonly graph: NumberedGraph; readonly numbers: ChartNumbers } => {
  const states = new Map<string, Numbers>()
  const edges = new Map<string, Numbers>()
  const drawn: NumberedGraph['edges'][number][] = []
  for (const step of steps) {
    const { fromState, event, toState } = step
    const id = JSON.stringify([fromState, event, toState])
    drawn.push({ id, source: fromState, target: toState, label: event })
    edges.set(id, { ...nothing, count: step.steps, failures: step.failed, cost: step.costMicroUsd, steps: [step] })
    const before = states.get(toState) ?? nothing
    if (fromState !== toState) states.set(toState, { ...before, count: before.count + step.steps, steps: [...before.steps, step] })
  }
  for (const { state, failed, costMicroUsd, p50Ms: p50, p95Ms: p95, waits, waitP50Ms: waitP50, waitP95Ms: waitP95 } of places) {
    const before = states.get(state) ?? nothing
    states.set(state, { ...before, failures: failed, cost: costMicroUsd, p50, p95, waits, waitP50, waitP95 })
  }
  const sources = new Map(drawn.map(({ id, source }) => [id, source]))
  const root = { id: ROOT, key: ROOT, parent: null }
  return {
    graph: { nodes: [root, ...[...states.keys()].map((id) => ({ id, key: id, parent: ROOT }))], edges: drawn },
    numbers: { states: withShares(states, () => ''), edges: withShares(edges, (id) => sources.get(id) ?? ''), others: [] },
  }
}
