import { messageOf, type AppError } from '../errors.ts'
import { present } from '../present.ts'
import { markRestored } from './after-restore.ts'
import type { RestoreMark } from './restore-mark.ts'
import { answerAll, scheduleTimers } from './answer-all.ts'
import { createBatch, type Batch } from './batch.ts'
import { codeFailed, projectionFailed } from './code-failed.ts'
import type { DeskWithSlots } from './desk.ts'
import type { Known } from './fold-run.ts'
import type { Job, JobDecision } from './job.ts'
import type { Notice } from './notice.ts'
import type { RuntimeParts } from './runtime-parts.ts'

// What follows where code of the agent throws:
//   - at what somebody wishes: it is refused, and the run stands where it stood;
//   - at what the run would do next: that does not begin, and all before it is recorded;
//   - at what the world has done: a projection is kept out, the result is recorded, and nothing else begins; a chart that cannot take it in
//     ends the run, so that the effect is not performed again and again for nothing. Whoever has repaired it reopens the run.

export interface FoldedJob {
  readonly runId: string
  readonly job: Job
  readonly desk: DeskWithSlots
  readonly known: Known | undefined
  readonly restore: RestoreMark | undefined
}

export interface Folded {
  readonly batch: Batch
  /** Why the run does not go on from here, though the batch is to be stored. */
  readonly stopped?: AppError
  readonly notices?: readonly Notice[]
}

/** The events of a job and of all that it leads to at once. */
export const foldJob = (parts: RuntimeParts, folded: FoldedJob): Folded => {
  const { runId, job, known } = folded
  const decision = decided(folded)
  if ('refuse' in decision) throw decision.refuse
  refuseOnBroken(runId, known, decision)
  const batch = newBatch(parts, folded)
  try {
    pushAll(batch, decision)
    markRestored(folded, batch)
    return { ...answered(folded, batch), ...present({ notices: decision.notices }) }
  } catch (error) {
    const hasHappened = known !== undefined && decision.anyway === true && job.insistent === true
    if (!hasHappened) throw codeFailed(runId, error)
    return { batch: ended(parts, folded, error) }
  }
}

type Decided = Exclude<JobDecision, { readonly refuse: AppError }>

const refuseOnBroken = (runId: string, known: Known | undefined, { facts, anyway = false }: Decided): void => {
  const broken = known?.state.broken
  if (broken !== undefined && facts.length > 0 && !anyway) throw projectionFailed(runId, broken)
}

const pushAll = (batch: Batch, { facts, anyway = false, causationId, wish }: Decided): void => {
  for (const fact of facts) {
    if (anyway) batch.pushAnyway(fact, causationId, wish)
    else batch.push(fact, causationId, wish)
  }
}

/** What a job wishes, as far as the chart would take it: a guard that throws says nothing. */
const decided = ({ runId, job, desk, known }: FoldedJob): JobDecision => {
  try {
    return job.decide(known?.state, desk)
  } catch (error) {
    throw codeFailed(runId, error)
  }
}

const newBatch = (parts: RuntimeParts, { runId, job, desk, known }: FoldedJob): Batch => {
  const before = known?.state
  return createBatch(parts, { agent: desk.agent, runId, before, correlationId: (before ?? job.newRun)?.correlationId ?? runId })
}

/** With all that follows. A run that a projection has stopped begins nothing. */
const answered = ({ runId, desk, known }: FoldedJob, batch: Batch): Folded => {
  const broken = batch.state()?.broken
  if (broken !== undefined) {
    scheduleTimers(batch)
    return { batch, stopped: projectionFailed(runId, broken) }
  }
  const problem = answerAll(desk, batch)
  // A start that cannot go on is none.
  if (problem !== undefined && known === undefined) throw problem.thrown
  return problem === undefined ? { batch } : { batch, stopped: codeFailed(runId, problem.thrown) }
}

/** The chart cannot take in what has happened. */
const ended = (parts: RuntimeParts, folded: FoldedJob, error: unknown): Batch => {
  const reason = messageOf(error)
  parts.notify({ type: 'runBroken', runId: folded.runId, message: reason })
  folded.desk.releaseAll()
  const last = newBatch(parts, folded)
  last.pushAnyway({ type: 'RunFailed', data: { reason, by: 'refold' } }, undefined)
  return last
}
