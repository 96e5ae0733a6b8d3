import { count, duration, money } from '../../src/projections/amount-text.ts'
import { activeStates } from '../run/place.ts'
import type { ChartGraph, StateRow, StepRow } from '../server/contract.ts'
import { edgesOfStep } from './ways.ts'

export const measures = ['count', 'share', 'p50', 'p95', 'cost', 'failures'] as const
export type Measure = (typeof measures)[number]

export const measureTexts: Readonly<Record<Measure, string>> = {
  count: 'how often',
  share: 'share',
  p50: 'time, median',
  p95: 'time, 95th percentile',
  cost: 'cost',
  failures: 'failures',
}

/** What a state or an edge has come to. */
export interface Numbers {
  readonly count: number
  /** Of all visits of states, or of all ways out of the state that the edge leaves; 0 to 1. */
  readonly share: number
  readonly failures: number
  readonly cost: number
  /** ms, without waiting for people; null where nothing is known, as of an edge. */
  readonly p50: number | null
  readonly p95: number | null
  /** How often people were waited for, and how long. */
  readonly waits: number
  readonly waitP50: number | null
  readonly waitP95: number | null
  /** Steps that it is made of, the most frequent first. */
  readonly steps: readonly StepRow[]
  /** Of an edge: it is one of several that may have been taken, so it is so often at most. */
  readonly isAtMost: boolean
}

export interface ChartNumbers {
  readonly states: ReadonlyMap<string, Numbers>
  readonly edges: ReadonlyMap<string, Numbers>
  /** Steps that no state or edge of this chart takes: another chart had the same version. */
  readonly others: readonly StepRow[]
}

export const nothing: Numbers = {
  count: 0,
  share: 0,
  failures: 0,
  cost: 0,
  p50: null,
  p95: null,
  waits: 0,
  waitP50: null,
  waitP95: null,
  steps: [],
  isAtMost: false,
}

/** All states and edges of the chart are there, also those that were never reached. */
export const numbersOf = (graph: ChartGraph, steps: readonly StepRow[], places: readonly StateRow[]): ChartNumbers => {
  const states = new Map(graph.nodes.map(({ id }) => [id, nothing]))
  const edges = new Map(graph.edges.map(({ id }) => [id, nothing]))
  const others: StepRow[] = []
  for (const step of steps) {
    const before = activeStates(graph, step.fromState)
    const after = activeStates(graph, step.toState)
    const isHere = (place: string, active: ReadonlySet<string>): boolean => place === '' || active.size > 1
    if (!isHere(step.fromState, before) || !isHere(step.toState, after)) {
      others.push(step)
      continue
    }
    const { sure, maybe, entered: passed } = edgesOfStep(graph, step.event, { before, after })
    for (const id of new Set([...after, ...passed])) if (!before.has(id)) states.set(id, entered(states.get(id) ?? nothing, step))
    for (const id of sure) edges.set(id, taken(edges.get(id) ?? nothing, step, false))
    for (const id of maybe) edges.set(id, taken(edges.get(id) ?? nothing, step, true))
  }
  for (const place of places) addTimes(graph, states, place)
  return { states: withShares(states, () => ''), edges: withShares(edges, (id) => sourceOf(graph, id)), others }
}

const entered = (before: Numbers, step: StepRow): Numbers => ({
  ...before,
  count: before.count + step.steps,
  steps: [...before.steps, step],
})

const taken = (before: Numbers, step: StepRow, isAtMost: boolean): Numbers => ({
  ...entered(before, step),
  failures: before.failures + step.failed,
  cost: before.cost + step.costMicroUsd,
  isAtMost: before.isAtMost || isAtMost,
})

/** Where regions stand beside each other a place is of several states, and how long one of them took nobody knows. */
const addTimes = (graph: ChartGraph, states: Map<string, Numbers>, row: StateRow): void => {
  const active = [...activeStates(graph, row.state)]
  for (const id of active) {
    const before = states.get(id) ?? nothing
    states.set(id, { ...before, failures: before.failures + row.failed, cost: before.cost + row.costMicroUsd })
  }
  const leaf = active.at(-1)
  if (leaf === undefined || row.state.includes('(')) return
  const before = states.get(leaf) ?? nothing
  const { p50Ms: p50, p95Ms: p95, waits, waitP50Ms: waitP50, waitP95Ms: waitP95 } = row
  states.set(leaf, { ...before, p50, p95, waits, waitP50, waitP95 })
}

const sourceOf = ({ edges }: ChartGraph, id: string): string => edges.find((edge) => edge.id === id)?.source ?? ''

export const withShares = (numbers: ReadonlyMap<string, Numbers>, groupOf: (id: string) => string): ReadonlyMap<string, Numbers> => {
  const sums = new Map<string, number>()
  for (const [id, { count: own }] of numbers) sums.set(groupOf(id), (sums.get(groupOf(id)) ?? 0) + own)
  return new Map([...numbers].map(([id, each]) => [id, { ...each, share: each.count / Math.max(1, sums.get(groupOf(id)) ?? 0) }]))
}

/** Edges have no time of their own. */
export const valueOf = (numbers: Numbers, measure: Measure, of: 'state' | 'edge'): number | null =>
  of === 'edge' && (measure === 'p50' || measure === 'p95') ? numbers.count : numbers[measure]

export const valueText = (value: number | null, measure: Measure, of: 'state' | 'edge'): string => {
  if (value === null) return '–'
  if (measure === 'share') return `${Math.round(value * 100)} %`
  if (measure === 'cost') return money(value)
  return of === 'state' && (measure === 'p50' || measure === 'p95') ? duration(value) : count(value)
}
