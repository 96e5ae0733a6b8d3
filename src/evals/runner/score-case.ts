import type { RecordedRunEvent } from '../../events/envelope.ts'
import type { Json } from '../../json.ts'
import { present } from '../../present.ts'
import type { DatasetCase } from '../dataset-case.ts'
import { isJudge, type EvalDefinition } from '../define-eval.ts'
import { scored } from '../scorers/scored.ts'
import { scoredRunOf } from '../scorers/scored-run.ts'
import { fails, type Score, type ScoredRun, type Scorer } from '../scorers/scorer.ts'
import { shortNote } from '../scorers/short-text.ts'
import { BY, problemIn, scoresIn } from './case-result.ts'
import { judgeOf } from './judge-run.ts'
import type { EvalPlan } from './eval-plan.ts'
import type { EvalParts } from './run-case.ts'

/** With what the file or the definition expects of it. */
export const expecting = (found: DatasetCase, { expected }: Pick<EvalDefinition, 'expected'>): DatasetCase => {
  const wanted = found.expected ?? expected?.(found)
  return wanted === undefined ? found : { ...found, expected: wanted }
}

/** Whether every scorer has said its word. */
export const isScored = (events: readonly RecordedRunEvent[], { scorers }: Pick<EvalDefinition, 'scorers'>): boolean => {
  const names = new Set(scoresIn(events).map(({ name }) => name))
  return scorers.every(({ name }) => names.has(name))
}

/** Scores a run that is over, and records each score with it. What was recorded before stays. */
export const scoreCase = async (
  parts: EvalParts,
  plan: Pick<EvalPlan, 'definition' | 'id' | 'dataset'>,
  { found, events }: { readonly found: DatasetCase; readonly events: readonly RecordedRunEvent[] },
): Promise<void> => {
  const runId = events[0]?.runId ?? ''
  const run = parts.refold.run(runId)
  const there = new Set(scoresIn(events).map(({ name }) => name))
  const missing = plan.definition.scorers.filter(({ name }) => !there.has(name))
  if (missing.length === 0) return
  const projections = (await run.state()).projections
  const scoredRun = scoredRunOf(expecting(found, plan.definition), events, (name) =>
    Object.hasOwn(projections, name) ? (projections[name] as Json) : undefined,
  )
  const problem = problemIn(events)
  for (const each of missing) {
    const scorer = isJudge(each) ? judgeOf(parts, plan, each) : each
    const { value, passed, note, revision } = await scoreOf(parts, scorer, scoredRun, problem)
    await run.score({ name: scorer.name, value, passed, note, ...present({ revision }), by: BY })
  }
}

/** What has not come to its end has passed nothing. */
const scoreOf = (parts: EvalParts, scorer: Scorer, run: ScoredRun, problem: string | undefined): Score | Promise<Score> =>
  problem === undefined
    ? scored(scorer, run, { clock: parts.clock })
    : fails(shortNote(`It did not come to its end: ${problem}`), run.events.at(-1)?.revision)
