import { hrefOf } from '../address/address.ts'
import { pathPart } from '../address/path-part.ts'
import { diffHref } from '../diff/diff-href.ts'
import { runHref } from '../runs/run-row.tsx'
import type { EvalCase } from '../server/contract.ts'

type Attempt = EvalCase['runs'][number]

export const evalHref = (id: string): string => `/evals/${pathPart(id)}`

/** A run at the step that lost it, where the scorer says which that is. */
export const attemptHref = ({ runId, lostAt }: Pick<Attempt, 'runId' | 'lostAt'>): string =>
  hrefOf(runHref(runId), { at: lostAt === null ? undefined : String(lostAt) })

/** The run of the baseline of the same case and epoch beside it. */
export const againstBaseline = (run: Attempt, runs: readonly Attempt[]): string | undefined => {
  const before = runs.find(({ arm, epoch }) => arm === 'baseline' && epoch === run.epoch)
  return before === undefined || run.arm === 'baseline' ? undefined : diffHref(before.runId, run.runId)
}
