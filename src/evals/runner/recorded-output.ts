import { AppError, isAppError } from '../../errors.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import { sha256 } from '../../hash.ts'
import { canonicalJson, type Json } from '../../json.ts'
import type { DatasetCase } from '../dataset-case.ts'
import { scoredRunOf } from '../scorers/scored-run.ts'
import { present } from '../../present.ts'
import { isJudge } from '../define-eval.ts'
import { createPurse } from '../purse.ts'
import { BY, resultOf, type CaseResult } from './case-result.ts'
import type { NamedScore } from '../report/attempt.ts'
import type { EvalPlan } from './eval-plan.ts'
import { judgeAgents, paidToJudges } from './judge-run.ts'
import type { EvalParts } from './run-case.ts'
import { expecting, scoreBy } from './score-case.ts'
import { spendFrom, type Spend } from './spend.ts'

interface Recorded extends Pick<EvalPlan, 'id' | 'definition' | 'dataset' | 'cases'> {
  readonly maxCostMicroUsd?: number | undefined
}

/**
 * Scores what the runs of a dataset have done, and runs nothing but its judges, while there is money for them. Of whole runs the scores are recorded
 * with them. What was not scored is missing.
 */
export const scoreRecorded = async (parts: EvalParts, plan: Recorded): Promise<readonly CaseResult[]> => {
  const spend = spendFrom(createPurse({ most: plan.maxCostMicroUsd ?? Infinity, spent: 0, spenders: 1 }), parts.signal)
  const results: CaseResult[] = []
  for (const found of plan.cases) {
    if (parts.signal.aborted) break
    const result = await scoreOne(parts, plan, found, spend).catch((error: unknown) => {
      if (parts.signal.aborted && isAppError(error, 'Closed')) return undefined
      throw error
    })
    if (result === undefined) break
    results.push(result)
  }
  return results
}

const scoreOne = async (
  parts: EvalParts,
  plan: Pick<EvalPlan, 'id' | 'definition' | 'dataset'>,
  found: DatasetCase,
  spend: Spend,
): Promise<CaseResult | undefined> => {
  const { runId, revision } = found.source
  const all = await parts.read(runId)
  if (all === undefined)
    throw new AppError('RunNotFound', `Expected the run ${runId} of case ${found.id} in this log, found none`, { details: { runId } })
  const events = found.of === 'run' ? all : partOf(all, found)
  const run = parts.refold.run(runId)
  const { projections } = found.of === 'run' ? await run.state() : await run.at(events.at(-1)?.revision ?? revision)
  const scoredRun = scoredRunOf(expecting(found, plan.definition), events, (name) =>
    Object.hasOwn(projections, name) ? (projections[name] as Json) : undefined,
  )
  const of = judgedAs(plan, found)
  const scores: NamedScore[] = []
  for (const each of plan.definition.scorers) {
    const score = await scoreBy(parts, plan, { scorer: each, scoredRun, spend, of })
    if (score === undefined) return undefined
    scores.push({ name: each.name, ...score })
    if (found.of === 'run')
      await run.score({
        name: each.name,
        value: score.value,
        passed: score.passed,
        note: score.note,
        ...present({ revision: score.revision }),
        by: BY,
      })
  }
  const judges = plan.definition.scorers.filter(isJudge).map(({ name }) => name)
  return {
    ...resultOf({ runId, caseId: found.id, task: found.task, epoch: 1, arm: 'candidate' }, events, 0),
    scores,
    paidMicroUsd: await paidToJudges(parts.read, of, judges),
  }
}

/** Cases of one run are judged each by itself, and by other words anew. */
const judgedAs = ({ id, definition }: Pick<EvalPlan, 'id' | 'definition'>, { id: caseId }: DatasetCase): string =>
  `${id}.${sha256(canonicalJson([caseId, judgeAgents([definition]).map((agent) => agent.id)])).slice(0, 16)}`

const ENDS: Readonly<Record<Exclude<DatasetCase['of'], 'run'>, ReadonlySet<string>>> = {
  turn: new Set(['TurnCompleted', 'RunCompleted', 'RunFailed', 'RunCancelled']),
  call: new Set(['ModelCallSucceeded']),
}

/** From what came in to where that was over. */
const partOf = (events: readonly RecordedRunEvent[], { of, source }: DatasetCase): readonly RecordedRunEvent[] => {
  const from = events.filter(({ revision }) => revision >= source.revision)
  const end = of === 'run' ? -1 : from.findIndex(({ type }) => ENDS[of].has(type))
  return end < 0 ? from : from.slice(0, end + 1)
}
