import type { RunEvent } from '../../src/events/envelope.ts'
import type { ChartHeat, Heat } from '../charts/heat.ts'
import { numbersOf, type ChartNumbers, type Numbers } from '../charts/numbers.ts'
import type { ChartGraph, StepRow } from '../server/contract.ts'

/** The ways that two runs have taken on one chart, each with how often each of them has; what neither was at is left out. */
export const pathsOf = (graph: ChartGraph, a: readonly RunEvent[], b: readonly RunEvent[]): ChartHeat => {
  const [left, right] = [a, b].map((events) => numbersOf(graph, stepsOf(events), [])) as [ChartNumbers, ChartNumbers]
  return { states: marked(left.states, right.states), edges: marked(left.edges, right.edges) }
}

const marked = (a: ReadonlyMap<string, Numbers>, b: ReadonlyMap<string, Numbers>): ReadonlyMap<string, Heat> =>
  new Map([...a].flatMap(([id, own]) => markOf(id, own, b.get(id))))

const markOf = (id: string, a: Numbers, b: Numbers | undefined): readonly (readonly [string, Heat])[] => {
  const [ofA, ofB] = [countText(a), b === undefined ? '' : countText(b)]
  if (ofA === '' && ofB === '') return [[id, { className: 'neither', text: '' }]]
  if (ofB === '') return [[id, { className: 'only-a', text: `A ${ofA}` }]]
  if (ofA === '') return [[id, { className: 'only-b', text: `B ${ofB}`, isDouble: true }]]
  return [[id, { className: 'of-both', text: ofA === ofB ? `A B ${ofA}` : `A ${ofA} · B ${ofB}` }]]
}

const countText = ({ count, isAtMost }: Numbers): string => (count === 0 ? '' : `${isAtMost ? '≤ ' : ''}${count}`)

/** The steps of the chart of a run, as they are counted over all runs. */
const stepsOf = (events: readonly RunEvent[]): readonly StepRow[] => {
  const steps = new Map<string, StepRow>()
  let at = ''
  for (const { type, meta } of events) {
    const place = meta.to.split('; ')[0] ?? ''
    const to = place === '' ? at : place
    const key = JSON.stringify([at, type, to])
    const before = steps.get(key) ?? { ...NO_STEP, fromState: at, event: type, toState: to }
    if (meta.ignored !== true) steps.set(key, { ...before, steps: before.steps + 1 })
    at = to
  }
  return [...steps.values()]
}

const NO_STEP = { chart: 'run', steps: 0, runs: 1, failed: 0, tokens: 0, costMicroUsd: 0 } as const
