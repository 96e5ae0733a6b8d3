import type { RunEvent } from '../events/envelope.ts'
import { present } from '../present.ts'
import { afterPause } from '../projections/budget.ts'
import type { Owed, RunState } from './run-state.ts'

/** The owner of a claim that nobody performs any more. No process has this name. */
export const NOBODY = 'nobody'

/** Refold itself has failed it, for a defect of its agent's code: once that is repaired, it can go on. */
export const isReopenable = ({ status, beforeFailure }: RunState): boolean => status === 'failed' && beforeFailure !== undefined

/** What may follow where Refold itself has failed a run. */
export const mends = (before: RunState, { type }: Pick<RunEvent, 'type'>): boolean =>
  (type === 'RunReopened' || type === 'RunMoved') && isReopenable(before)

/**
 * The run as it stood before it was failed, at the place of the event. Whoever performed something for it has ended: what was claimed is
 * taken over, as after a crash; timers are set anew, for the same time.
 */
export const reopened = (failed: RunState, noted: RunState, { meta }: RunEvent): RunState => {
  const { beforeFailure: was, reason: _, output: __, ...rest } = noted
  if (was === undefined) return noted
  return {
    ...rest,
    status: 'active',
    paused: was.paused,
    chart: was.chart,
    calls: was.calls,
    owed: new Map([...was.owed].map(([key, owed]) => [key, owed.status === 'claimed' ? letGo(owed) : owed])),
    approvals: was.approvals,
    timers: new Map([...was.timers].map(([key, { dueAt: ___, ...timer }]) => [key, timer])),
    budget: afterPause(was.budget, meta.at - failed.at),
    transcript: was.transcript,
    ...(was.output === undefined ? {} : { output: was.output }),
    ...(was.reason === undefined ? {} : { reason: was.reason }),
  }
}

const letGo = ({ owner, ...owed }: Owed): Owed => ({ ...owed, owner: NOBODY, leaseUntil: 0, ...present({ formerOwner: owner }) })
