import type { RunEvent } from '../../events/envelope.ts'
import { present } from '../../present.ts'
import { spentAt } from '../scorers/scored-run.ts'
import type { Attempt, NamedScore } from '../report/attempt.ts'
import type { Spent } from '../scorers/scorer.ts'

/** Which of the two agents a run is of. */
export type Arm = 'candidate' | 'baseline'

/** Which run of an eval it is. */
export type RunOfEval = Pick<CaseResult, 'runId' | 'caseId' | 'task' | 'epoch' | 'arm'>

/** What an eval keeps of one run. */
export interface CaseResult extends Attempt {
  readonly arm: Arm
  /** What was paid for it: recorded answers cost nothing a second time. */
  readonly paidMicroUsd: number
}

/** Who scores. */
export const BY = 'eval'

export const hasPassed = ({ scores, problem }: Pick<CaseResult, 'scores' | 'problem'>): boolean =>
  problem === undefined && scores.length > 0 && scores.every(({ passed }) => passed)

/** The scores of an eval that stand in a run, the newest of each name. */
export const scoresIn = (events: readonly RunEvent[]): readonly NamedScore[] => {
  const newest = new Map<string, NamedScore>()
  for (const event of events) {
    if (event.type !== 'RunScored' || event.data.by !== BY) continue
    const { name, value, passed = false, note, revision } = event.data
    newest.set(name, { name, value, passed, ...present({ note, revision }) })
  }
  return [...newest.values()]
}

/** What came of a run that was scored. */
export const resultOf = (of: RunOfEval, events: readonly RunEvent[], judgedMicroUsd: number): CaseResult => {
  const scores = scoresIn(events)
  return {
    ...of,
    scores,
    spent: spentAt(events).at(-1)?.spent ?? NOTHING,
    paidMicroUsd: paidIn(events) + judgedMicroUsd,
    ...present({ problem: problemIn(events) }),
  }
}

const NOTHING: Spent = { costMicroUsd: 0, inputTokens: 0, outputTokens: 0, latencyMs: 0 }

export const paidIn = (events: readonly RunEvent[]): number =>
  events.reduce((sum, event) => {
    if (event.type === 'ModelCallSucceeded' || event.type === 'ModelCallFailed')
      return event.data.source === 'recorded' ? sum : sum + (event.data.costMicroUsd ?? 0)
    return event.type === 'ChildRunSucceeded' || event.type === 'ChildRunFailed'
      ? event.data.source === undefined
        ? sum + (event.data.spent?.costMicroUsd ?? 0)
        : sum
      : sum
  }, 0)

/** Why a run has not come to an end of its own: from its events alone, so that whoever looks again finds the same. */
export const problemIn = (events: readonly RunEvent[]): string | undefined => {
  const model = events.findLast(({ type }) => type === 'ModelCallSucceeded' || type === 'ModelCallFailed')
  const end = events.find(({ type }) => type === 'RunFailed' || type === 'RunCancelled')
  return (
    unansweredIn(events) ??
    (model?.type === 'ModelCallFailed' && model.data.next === 'escalate' ? model.data.message : undefined) ??
    (end?.type === 'RunFailed' || end?.type === 'RunCancelled' ? end.data.reason : undefined)
  )
}

/** Why a call has brought nothing, where one is open for good. */
const unansweredIn = (events: readonly RunEvent[]): string | undefined => {
  const open = new Map<string, string>()
  for (const { type, data } of events) {
    if (type === 'ToolCallUnresolved') open.set(data.callId, data.reason)
    if (type === 'ToolCallSucceeded' || type === 'ToolCallFailed') open.delete(data.callId)
  }
  const [unanswered] = open.values()
  return unanswered
}
