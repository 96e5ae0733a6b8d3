import { AppError, isAppError } from '../../errors.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import type { JsonObject } from '../../json.ts'
import { present } from '../../present.ts'
import { hasPassed, paidIn, resultOf, type CaseResult } from './case-result.ts'
import { checkPlan, checkSamePlan, identityOf, jobCount, jobsOf, type EvalJob, type EvalPlan } from './eval-plan.ts'
import { paidToJudges } from './judge-run.ts'
import { isJudge } from '../define-eval.ts'
import { createPurse } from '../purse.ts'
import { runCase, type EvalParts } from './run-case.ts'
import { isScored, scoreCase } from './score-case.ts'
import { spendFrom } from './spend.ts'

/** How far an eval is. */
export interface EvalProgress {
  readonly total: number
  readonly done: number
  readonly passed: number
  /** Of those that are done, how many were there before. */
  readonly known: number
  readonly paidMicroUsd: number
}

export interface EvalOutcome extends EvalProgress {
  readonly results: readonly CaseResult[]
  /** Why not all of them were run. */
  readonly stopped?: 'money' | 'signal'
}

export interface EvalOptions {
  readonly progress?: (progress: EvalProgress) => void
  readonly caseTimeoutMs?: number
}

const CASE_TIMEOUT_MS = 30 * 60_000

/**
 * Runs and scores what is not there yet, so many at once as the plan says. May be repeated after an end at any place: what was run is not run again.
 * Keeps of each run a few numbers. Rejects with `InvalidInput` for a plan that cannot be run, with `RunNotFound` where answers are to be taken from a run
 * that is gone.
 */
export const runEval = async (parts: EvalParts, plan: EvalPlan, options: EvalOptions = {}): Promise<EvalOutcome> => {
  checkPlan(plan)
  const work = createWork(parts, plan, options)
  const workers = Array.from({ length: Math.min(plan.concurrency, jobCount(plan)) }, () => work.goOn())
  for (const ended of await Promise.allSettled(workers)) if (ended.status === 'rejected') throw ended.reason
  return work.outcome()
}

const createWork = (parts: EvalParts, plan: EvalPlan, { progress, caseTimeoutMs: timeoutMs = CASE_TIMEOUT_MS }: EvalOptions) => {
  const jobs = jobsOf(plan)
  const results: CaseResult[] = []
  const purse = createPurse({ most: plan.maxCostMicroUsd ?? Infinity, spent: 0, spenders: plan.concurrency })
  const spend = spendFrom(purse, parts.signal)
  const state = { passed: 0, known: 0, failed: false, stopped: undefined as EvalOutcome['stopped'] }
  const soFar = (): EvalProgress => ({
    total: jobCount(plan),
    done: results.length,
    passed: state.passed,
    known: state.known,
    paidMicroUsd: purse.spent(),
  })
  const note = (result: CaseResult, isKnown: boolean): void => {
    results.push(result)
    if (hasPassed(result)) state.passed += 1
    if (isKnown) state.known += 1
    progress?.(soFar())
  }
  const judges = plan.definition.scorers.filter(isJudge).map(({ name }) => name)
  const judged = (runId: string): Promise<number> => paidToJudges(parts.read, runId, judges)
  const doJob = async (job: EvalJob): Promise<void> => {
    const known = await parts.read(job.runId)
    if (known !== undefined) checkOurs(plan, job, known)
    const before = resultOf(identityOf(job), known ?? [], await judged(job.runId))
    purse.pay(before.paidMicroUsd)
    const isRun = known !== undefined && isOver(known)
    if (isRun && isScored(known, plan.definition)) {
      note(before, true)
      return
    }
    const events = async () => (await parts.read(job.runId)) ?? []
    const run = (costMicroUsd: number | undefined) => runCase(parts, plan, job, { timeoutMs, ...present({ costMicroUsd }) })
    const hasRun = isRun || (await spend(run, async () => paidIn(await events())))
    if (!hasRun || !(await scoreCase(parts, plan, { found: job.case, events: await events(), spend }))) state.stopped = 'money'
    else note(resultOf(identityOf(job), await events(), await judged(job.runId)), false)
  }
  return {
    async goOn(): Promise<void> {
      for (;;) {
        if (parts.signal.aborted) state.stopped = 'signal'
        if (state.failed || state.stopped !== undefined) return
        const next = jobs.next()
        if (next.done === true) return
        try {
          await doJob(next.value)
        } catch (error) {
          if (parts.signal.aborted && isAppError(error, 'Closed')) continue
          state.failed = true
          throw error
        }
      }
    },
    outcome: (): EvalOutcome => ({ ...soFar(), results: inOrder(plan, results), ...present({ stopped: state.stopped }) }),
  }
}

/** Throws `InvalidInput` where somebody else has begun a run under its id. */
const checkOurs = (plan: EvalPlan, { runId, agent }: EvalJob, [first]: readonly RecordedRunEvent[]): void => {
  const started = first?.type === 'RunStarted' ? first.data : undefined
  checkSamePlan(plan, (started?.metadata?.['eval'] ?? {}) as JsonObject)
  if (started?.tenant === undefined && started?.sealed !== undefined && first?.meta.agent === agent.id) return
  throw new AppError(
    'InvalidInput',
    `Expected ${runId} to be a run of the eval ${plan.id} with ${agent.id}, found another one. Begin the eval with another --id`,
  )
}

/** As the plan has them, whichever was over first. */
const inOrder = ({ cases }: EvalPlan, results: readonly CaseResult[]): readonly CaseResult[] => {
  const places = new Map(cases.map(({ id }, index) => [id, index]))
  const place = ({ caseId }: CaseResult): number => places.get(caseId) ?? 0
  return [...results].sort((a, b) => a.epoch - b.epoch || place(a) - place(b) || b.arm.length - a.arm.length)
}

const isOver = (events: readonly { readonly type: string }[]): boolean =>
  events.some(({ type }) => type === 'RunCompleted' || type === 'RunFailed' || type === 'RunCancelled')
