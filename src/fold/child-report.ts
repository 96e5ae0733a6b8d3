import type { Limits } from '../events/limits.ts'
import type { ChildSpent, RunFact } from '../events/run-events.ts'
import { nothingSpent, type Budget } from '../projections/budget.ts'
import { present } from '../present.ts'
import type { Owed, RunState } from './run-state.ts'
import { waitsFor, waitsIn } from './standing.ts'

/** Where a limit is left out. */
const defaults = { childDepth: 8, openChildRuns: 100, childRuns: 1_000 }

export interface ChildLimits {
  readonly childDepth: number | null
  readonly openChildRuns: number | null
  readonly childRuns: number | null
}

/** How many runs may be below one. */
export const childLimits = (limits: Limits | undefined): ChildLimits => ({ ...defaults, ...present({ ...limits }) })

/** A run that is over, as its events say it: its code may be gone. */
export interface EndedRun extends Pick<RunState, 'runId' | 'started' | 'budget' | 'output' | 'reason' | 'lastEventId'> {
  readonly status: Exclude<RunState['status'], 'active'>
}

/**
 * What a run learns from one that it has asked for: its last word, for whom it waits, what it has spent since the last report.
 * Undefined where it says nothing new. Where all that the runs have spent leaves no room, the child has failed.
 */
export const childReport = (parent: RunState, child: RunState | EndedRun): RunFact | undefined => {
  const callId = child.started.parent?.callId ?? ''
  const reported = parent.budget.children.get(callId)
  if (parent.status !== 'active' || reported === undefined) return undefined
  const said = { callId, childRunId: child.runId, spent: spentSince(reported, child.budget) }
  const owed = parent.owed.get(callId)
  return (owed?.intent === 'startChildRun' ? lastWord(parent, child, said) : undefined) ?? news(child, owed, said)
}

interface Said {
  readonly callId: string
  readonly childRunId: string
  readonly spent: ChildSpent
}

const lastWord = ({ budget }: RunState, child: RunState | EndedRun, said: Said): RunFact | undefined => {
  if (child.status === 'completed') return { type: 'ChildRunSucceeded', data: { ...said, output: child.output ?? null } }
  if (child.status !== 'active') return { type: 'ChildRunFailed', data: { ...said, reason: child.reason ?? child.status } }
  const reached = spendsAny(said.spent) ? reachedWith(budget, said.spent) : undefined
  return reached === undefined ? undefined : { type: 'ChildRunFailed', data: { ...said, reason: `limit: ${reached}` } }
}

/** Of a child that the run no longer waits for, only what it has spent. */
const news = (child: RunState | EndedRun, owed: Owed | undefined, said: Said): RunFact | undefined => {
  const [whom, place] = child.status === 'active' ? [waitsFor(child), placeOf(child)] : []
  const isNew = owed !== undefined && (owed.waitsFor !== whom || owed.waitsIn !== place)
  if (!isNew && !spendsAny(said.spent)) return undefined
  return { type: 'ChildRunReported', data: { ...said, waitsFor: whom ?? null, ...present({ waitsIn: place }) } }
}

const spendsAny = ({ tokens, costMicroUsd }: ChildSpent): boolean => tokens + costMicroUsd > 0

/** Whether a run says something else of itself by now. */
export const saysMore = (before: RunState, after: RunState): boolean =>
  after.status !== 'active' ||
  waitsFor(before) !== waitsFor(after) ||
  placeOf(before) !== placeOf(after) ||
  before.budget.tokens !== after.budget.tokens ||
  before.budget.costMicroUsd !== after.budget.costMicroUsd

const placeOf = (run: RunState): string | undefined => (waitsFor(run) === undefined ? undefined : (waitsIn(run) ?? run.runId))

const spentSince = (reported: ChildSpent, { tokens, costMicroUsd, childRuns }: Budget): ChildSpent => ({
  tokens: Math.max(0, tokens - reported.tokens),
  costMicroUsd: Math.max(0, costMicroUsd - reported.costMicroUsd),
  runs: Math.max(0, childRuns - reported.runs),
})

/** The first limit of the whole run that leaves no room for anything more, with what is about to be added. */
export const reachedWith = ({ tokens, costMicroUsd, limits }: Budget, more: ChildSpent = nothingSpent): string | undefined => {
  if (limits === undefined) return undefined
  if (limits.tokens !== null && tokens + more.tokens >= limits.tokens) return `tokens: ${tokens + more.tokens} of ${limits.tokens}`
  if (limits.costMicroUsd !== null && costMicroUsd + more.costMicroUsd >= limits.costMicroUsd)
    return `cost: ${costMicroUsd + more.costMicroUsd} of ${limits.costMicroUsd} millionths of a dollar`
  return undefined
}

/** As it was recorded, or as it will be: it follows from the place of the call. */
export const childRunId = (parentRunId: string, { key, childRunId: recorded, childName = key }: Owed): string =>
  recorded ?? `${parentRunId}.${childName}`
