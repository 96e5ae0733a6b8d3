import type { Agent } from '../../src/runtime/agent.ts'
import type { Service } from '../http/service.ts'

export interface EvalOf {
  readonly id: string
  readonly dataset: string
  readonly candidate: Agent
  readonly baseline?: Agent
  /** By case, whether each of its epochs passes; null for one that is not scored yet. */
  readonly cases: Readonly<Record<string, readonly (boolean | null)[]>>
  /** Of the baseline; as the candidate's without it. */
  readonly before?: Readonly<Record<string, readonly (boolean | null)[]>>
  readonly tenant?: string
  /** Why one did not pass. */
  readonly note?: string
}

/** Runs of an eval with their scores, as `refold eval` leaves them in the log. */
export const evalRuns = async (
  service: Service,
  { id, dataset, candidate, baseline, cases, before = cases, tenant, note = 'wrong' }: EvalOf,
) => {
  const arms = [['candidate', candidate, cases], ...(baseline === undefined ? [] : [['baseline', baseline, before] as const])] as const
  for (const [arm, agent, verdicts] of arms)
    for (const [caseId, epochs] of Object.entries(verdicts))
      for (const [at, passed] of epochs.entries()) {
        const runId = `${id.replaceAll(/[^\w.-]/g, '').slice(0, 60)}.${caseId}.${at + 1}${arm === 'baseline' ? '.baseline' : ''}`
        const tags = { eval: id, dataset, case: caseId, task: caseId, epoch: String(at + 1), arm }
        await service.served.start(agent, { runId, message: `case ${caseId}`, tags, ...(tenant === undefined ? {} : { tenant }) })
        await service.settle(runId)
        if (passed === null) continue
        const run = service.served.run(runId)
        await run.score({ name: 'exact', value: passed ? 1 : 0, passed, by: 'eval', ...(passed ? {} : { note, revision: 3 }) })
        await run.score({ name: 'tone', value: 0.8, passed: true, by: 'eval' })
      }
}
