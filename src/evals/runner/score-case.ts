import { AppError } from '../../errors.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import type { Json } from '../../json.ts'
import { present } from '../../present.ts'
import type { DatasetCase } from '../dataset-case.ts'
import { isJudge, type EvalDefinition, type Judge } from '../define-eval.ts'
import { scored } from '../scorers/scored.ts'
import { scoredRunOf } from '../scorers/scored-run.ts'
import { fails, type Score, type ScoredRun, type Scorer } from '../scorers/scorer.ts'
import { shortNote } from '../scorers/short-text.ts'
import { BY, problemIn, scoresIn } from './case-result.ts'
import { judgeOf, paidToJudges } from './judge-run.ts'
import type { EvalPlan } from './eval-plan.ts'
import type { EvalParts } from './run-case.ts'
import type { Spend } from './spend.ts'

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

/**
 * Scores a run that is over, and records each score with it. What was recorded before stays. False where no money is left to ask a judge: then its
 * score is missing. Rejects with `Closed` once the signal is aborted.
 */
export const scoreCase = async (
  parts: EvalParts,
  plan: Pick<EvalPlan, 'definition' | 'id' | 'dataset'>,
  { found, events, spend }: { readonly found: DatasetCase; readonly events: readonly RecordedRunEvent[]; readonly spend: Spend },
): Promise<boolean> => {
  const runId = events[0]?.runId ?? ''
  const run = parts.refold.run(runId)
  const there = new Set(scoresIn(events).map(({ name }) => name))
  const missing = plan.definition.scorers.filter(({ name }) => !there.has(name))
  if (missing.length === 0) return true
  const projections = (await run.state()).projections
  const scoredRun = scoredRunOf(expecting(found, plan.definition), events, (name) =>
    Object.hasOwn(projections, name) ? (projections[name] as Json) : undefined,
  )
  const problem = problemIn(events)
  for (const each of missing) {
    const score =
      problem === undefined ? await scoreBy(parts, plan, { scorer: each, scoredRun, spend, of: runId }) : cameToNoEnd(scoredRun, problem)
    if (score === undefined) return false
    const { value, passed, note, revision } = score
    await run.score({ name: each.name, value, passed, note, ...present({ revision }), by: BY })
  }
  return true
}

/** What has not come to its end has passed nothing. */
const cameToNoEnd = ({ events }: ScoredRun, problem: string): Score =>
  fails(shortNote(`It did not come to its end: ${problem}`), events.at(-1)?.revision)

interface Scoring {
  readonly scorer: Scorer | Judge
  readonly scoredRun: ScoredRun
  readonly spend: Spend
  /** With what the id of a judge's run begins. */
  readonly of: string
}

/** Undefined where no money is left to ask a judge. */
export const scoreBy = async (
  parts: EvalParts,
  plan: Pick<EvalPlan, 'id' | 'dataset'>,
  { scorer, scoredRun, spend, of }: Scoring,
): Promise<Score | undefined> => {
  if (!isJudge(scorer)) return scored(scorer, scoredRun, { clock: parts.clock })
  const score = await spend(
    () => scored(judgeOf(parts, plan, scorer, of), scoredRun, { clock: parts.clock }),
    () => paidToJudges(parts.read, of, [scorer.name]),
  )
  // One that was left alone has said nothing: it is asked another time.
  if (parts.signal.aborted) throw new AppError('Closed', 'the eval was given up')
  return score
}
