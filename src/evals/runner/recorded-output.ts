import { AppError } from '../../errors.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import type { DatasetCase } from '../dataset-case.ts'
import { scored } from '../scorers/scored.ts'
import { scoredRunOf } from '../scorers/scored-run.ts'
import type { Json } from '../../json.ts'
import { present } from '../../present.ts'
import { isJudge } from '../define-eval.ts'
import { BY, resultOf, type CaseResult } from './case-result.ts'
import type { NamedScore } from '../report/attempt.ts'
import type { EvalPlan } from './eval-plan.ts'
import { judgeOf } from './judge-run.ts'
import type { EvalParts } from './run-case.ts'
import { expecting } from './score-case.ts'

/** Scores what the runs of a dataset have done, and runs nothing. Of whole runs the scores are recorded with them. */
export const scoreRecorded = async (
  parts: EvalParts,
  plan: Pick<EvalPlan, 'id' | 'definition' | 'dataset' | 'cases'>,
  progress: (done: number) => void = () => undefined,
): Promise<readonly CaseResult[]> => {
  const results: CaseResult[] = []
  for (const found of plan.cases) {
    if (parts.signal.aborted) break
    results.push(await scoreOne(parts, plan, found))
    progress(results.length)
  }
  return results
}

const scoreOne = async (
  parts: EvalParts,
  plan: Pick<EvalPlan, 'id' | 'definition' | 'dataset'>,
  found: DatasetCase,
): Promise<CaseResult> => {
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
  const scores: NamedScore[] = []
  for (const each of plan.definition.scorers) {
    const scorer = isJudge(each) ? judgeOf(parts, plan, each) : each
    const score = await scored(scorer, scoredRun, { clock: parts.clock })
    scores.push({ name: scorer.name, ...score })
    if (found.of === 'run')
      await run.score({
        name: scorer.name,
        value: score.value,
        passed: score.passed,
        note: score.note,
        ...present({ revision: score.revision }),
        by: BY,
      })
  }
  return {
    ...resultOf({ runId, caseId: found.id, task: found.task, epoch: 1, arm: 'candidate' }, events, 0),
    scores,
  }
}

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
