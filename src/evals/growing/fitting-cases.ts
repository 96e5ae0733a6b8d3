import type { RunEvent } from '../../events/envelope.ts'
import type { DataOf, RunEventType } from '../../events/run-events.ts'
import { casesIn, type CaseOf, type DatasetCase } from '../dataset-case.ts'
import type { CheckedRule } from './grow-rule.ts'

/** The cases of a run that a rule takes in. Forks, runs of evals and of their judges, and what else was sealed have none: they are none of production. */
export const fittingCases = (events: readonly RunEvent[], rule: CheckedRule): readonly DatasetCase[] => {
  const [first] = events
  if (first?.type !== 'RunStarted' || !isOfProduction(first.data)) return []
  if (rule.agent !== undefined && rule.agent !== first.data.agent) return []
  const cases = casesIn(events, rule.of)
  const { when } = rule
  if (when === undefined || cases.length === 0) return cases
  const spans = cases.map((each) => ({ case: each, ...spanOf(events, each) }))
  const at = typeof when === 'string' ? happenedAt(events, when) : scoredAt(events, spans, when)
  return spans.flatMap(({ case: found, from, to }) => (at.some((revision) => revision >= from && revision <= to) ? [found] : []))
}

const isOfProduction = ({ forkOf, sealed, tags = {} }: DataOf<'RunStarted'>): boolean =>
  forkOf === undefined && sealed === undefined && !Object.hasOwn(tags, 'eval') && !Object.hasOwn(tags, 'judges')

interface Span {
  readonly from: number
  readonly to: number
}

const OVER: Readonly<Record<Exclude<CaseOf, 'run'>, ReadonlySet<string>>> = {
  turn: new Set<RunEventType>(['TurnCompleted', 'RunCompleted', 'RunFailed', 'RunCancelled']),
  call: new Set<RunEventType>(['ModelCallSucceeded']),
}

/** A run has all of its events. */
const spanOf = (events: readonly RunEvent[], { of, source }: DatasetCase): Span => {
  if (of === 'run') return { from: 0, to: Infinity }
  const end = events.find(({ type, revision }) => revision > source.revision && OVER[of].has(type))
  return { from: source.revision, to: end?.revision ?? Infinity }
}

const HAPPENED: Readonly<Record<Extract<CheckedRule['when'], string>, ReadonlySet<string>>> = {
  escalated: new Set<RunEventType>(['RunEscalated']),
  limit: new Set<RunEventType>(['LimitExceeded']),
  guardrail: new Set<RunEventType>(['InputRejected', 'OutputRejected']),
  failed: new Set<RunEventType>(['RunFailed']),
}

/** After which the next end of a turn may make a case of it. */
export const hintsAtCases: ReadonlySet<string> = new Set([...Object.values(HAPPENED).flatMap((types) => [...types]), 'RunScored'])

const happenedAt = (events: readonly RunEvent[], what: keyof typeof HAPPENED): readonly number[] =>
  events.flatMap(({ type, revision }) => (HAPPENED[what].has(type) ? [revision] : []))

type Condition = Exclude<CheckedRule['when'], string | undefined>

/** What fits of the newest score of each author and event: the revision that it is about; of one about the whole run, the last case that had begun by then. */
const scoredAt = (events: readonly RunEvent[], spans: readonly Span[], wanted: Condition): readonly number[] => {
  const newest = new Map<string, Extract<RunEvent, { type: 'RunScored' }>>()
  for (const event of events)
    if (event.type === 'RunScored' && event.data.name === wanted.score)
      newest.set(JSON.stringify([event.data.by, event.data.revision ?? null]), event)
  return [...newest.values()].flatMap(({ data, revision }) => {
    if (!fits(data, wanted)) return []
    return data.revision ?? spans.findLast(({ from }) => from < revision)?.from ?? []
  })
}

const fits = ({ value, passed, by }: DataOf<'RunScored'>, wanted: Condition): boolean =>
  (wanted.by === undefined || wanted.by === by) &&
  (wanted.below === undefined || value < wanted.below) &&
  (wanted.above === undefined || value > wanted.above) &&
  (wanted.passed === undefined || wanted.passed === passed)
