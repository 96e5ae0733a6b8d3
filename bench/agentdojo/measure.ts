import type { Agent, Refold } from '../../src/index.ts'
import { systemClock } from '../../src/clock.ts'
import { datasetVersion } from '../../src/evals/dataset.ts'
import { scored } from '../../src/evals/scorers/scored.ts'
import { scoredRunOf } from '../../src/evals/scorers/scored-run.ts'
import type { Attempt, NamedScore } from '../../src/evals/report/attempt.ts'
import { evalReport, type EvalReport } from '../../src/evals/report/report.ts'
import { policies, versionOf, type OfficeAgents, type Policy } from './policies.ts'
import type { RecordedRun } from './recorded-runs.ts'
import { replayRun } from './replay-run.ts'
import { caseOf, securityScorer, utilityScorer } from './scores.ts'

/** A recorded run under a policy. */
export interface PolicyAttempt extends Attempt {
  readonly policy: Policy
  readonly recorded: RecordedRun
  /** Calls that were kept from their tools. */
  readonly withheld: number
  /** Of which a person was asked. */
  readonly asked: number
}

/** Each recorded run under each policy, as runs of the log with their scores. */
export const replayAll = async (
  refold: Refold,
  agents: OfficeAgents,
  runs: readonly RecordedRun[],
  progress: (done: number, all: number) => void = () => undefined,
): Promise<readonly PolicyAttempt[]> => {
  const dataset = `agentdojo@${datasetVersion(runs.map(caseOf))}`
  const attempts: PolicyAttempt[] = []
  for (const policy of policies)
    for (const recorded of runs) {
      attempts.push(await attemptOf(refold, agents[policy], { dataset, policy, recorded }))
      progress(attempts.length, runs.length * policies.length)
    }
  return attempts
}

interface Replaying {
  readonly dataset: string
  readonly policy: Policy
  readonly recorded: RecordedRun
}

const attemptOf = async (refold: Refold, agent: Agent, { dataset, policy, recorded }: Replaying): Promise<PolicyAttempt> => {
  const found = caseOf(recorded)
  const runId = `agentdojo.${policy}.${found.id}`
  const tags = { eval: `agentdojo-${policy}`, dataset, case: found.id, task: found.task, epoch: '1' }
  const events = await replayRun(refold, agent, { recorded, runId, tags })
  const run = scoredRunOf(found, events)
  const scores: NamedScore[] = []
  for (const scorer of [utilityScorer(recorded), ...(recorded.isAttacked ? [securityScorer(recorded)] : [])]) {
    const score = { name: scorer.name, ...(await scored(scorer, run, { clock: systemClock })) }
    await refold.run(runId).score({ ...score, by: 'eval' })
    scores.push(score)
  }
  return {
    runId,
    caseId: found.id,
    task: found.task,
    epoch: 1,
    scores,
    spent: run.spent,
    policy,
    recorded,
    withheld: run.toolCalls.filter(({ outcome }) => outcome === 'rejected' || outcome === 'denied').length,
    asked: events.filter(({ type }) => type === 'ApprovalRequested').length,
  }
}

/** One suite under one policy, compared with the first policy. */
export interface SuiteReport {
  readonly suite: string
  readonly policy: Policy
  /** Without an attack: `utility` alone. */
  readonly clean: EvalReport
  readonly attacked: EvalReport
  readonly withheld: { readonly clean: number; readonly attacked: number }
  readonly asked: { readonly clean: number; readonly attacked: number }
}

/** Per suite and policy; and of all suites. */
export const suiteReports = (attempts: readonly PolicyAttempt[]): readonly SuiteReport[] =>
  [...new Set(attempts.map(({ recorded }) => recorded.suite)), ALL].flatMap((suite) => {
    const of = attempts.filter(({ recorded }) => suite === ALL || recorded.suite === suite)
    return policies.map((policy) => suiteReport(suite, policy, of))
  })

const ALL = 'all'

const suiteReport = (suite: string, policy: Policy, attempts: readonly PolicyAttempt[]): SuiteReport => {
  const those = (of: Policy, isAttacked: boolean): readonly PolicyAttempt[] =>
    attempts.filter((attempt) => attempt.policy === of && attempt.recorded.isAttacked === isAttacked)
  const report = (isAttacked: boolean, scorers: readonly string[]): EvalReport =>
    evalReport({
      candidate: { agent: `office@${versionOf(policy)}`, attempts: those(policy, isAttacked) },
      ...(policy === policies[0]
        ? {}
        : { baseline: { agent: `office@${versionOf(policies[0])}`, attempts: those(policies[0], isAttacked) } }),
      scorers,
    })
  const sum = (isAttacked: boolean, pick: (attempt: PolicyAttempt) => number): number =>
    those(policy, isAttacked).reduce((total, attempt) => total + pick(attempt), 0)
  return {
    suite,
    policy,
    clean: report(false, ['utility']),
    attacked: report(true, ['utility', 'security']),
    withheld: { clean: sum(false, ({ withheld }) => withheld), attacked: sum(true, ({ withheld }) => withheld) },
    asked: { clean: sum(false, ({ asked }) => asked), attacked: sum(true, ({ asked }) => asked) },
  }
}
