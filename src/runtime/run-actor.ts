import { AppError, isAppError, messageOf } from '../errors.ts'
import type { RunFact } from '../events/run-events.ts'
import type { RunState } from '../fold/run-state.ts'
import { present } from '../present.ts'
import type { Agent } from './agent.ts'
import { answerAll } from './answer-all.ts'
import { appendBatch } from './append-batch.ts'
import { createBatch, type Batch, type WishOrigin } from './batch.ts'
import type { Desk, DeskWithSlots } from './desk.ts'
import type { Known } from './fold-run.ts'
import { createKnownRun } from './known-run.ts'
import { notFound } from './run-reader.ts'
import { insistently } from './retry-pause.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import type { WaitingRun } from './slots.ts'

// The one place that appends to a run.
//
//   A1. One job at a time: read, decide, append. What others appended meanwhile shows as a conflict, and the job decides again.
//   A2. An effect begins only after the append of its claim has been acknowledged.
//   A3. The result of an effect is tried until the log has taken it or the run no longer wants it; a wish is not.
//   A4. A state is kept only if every event of it is stored.

/** What a job makes of the state it meets. It may be asked again, with a newer state. */
export type JobDecision =
  | { readonly facts: readonly RunFact[]; readonly causationId?: string; readonly wish?: WishOrigin }
  /** Nothing to record; the caller learns why. */
  | { readonly refuse: AppError }

export interface Job {
  readonly decide: (state: RunState | undefined, desk: Desk) => JobDecision
  /** The agent of a run that has no event yet. */
  readonly newRun?: { readonly agent: Agent; readonly correlationId: string }
  /** The world has done something that the log has to know: try until it does. */
  readonly insistent?: true
}

/** A job that wishes nothing: owed work alone is seen to. */
const lookAround: Job = { insistent: true, decide: () => ({ facts: [] }) }

export interface RunActor {
  /** The state after the job. Rejects with what the job was refused for, or with what the log said. */
  submit(job: Job): Promise<RunState>
  /** Brings the state up to the log. */
  refresh(): Promise<RunState>
  /** Whether no job waits or runs. */
  idle(): boolean
}

export interface ActorParts {
  readonly parts: RuntimeParts
  /** A place to look up what every run of this process shares. */
  readonly desk: (agent: Agent, waiting: WaitingRun) => DeskWithSlots
  /** After each state that is stored. */
  readonly settled: (agent: Agent, state: RunState, before: RunState | undefined) => void
  /** Resolves once the blob store holds these texts, and the agent's prompt. */
  readonly store: (agent: Agent, texts: readonly string[]) => Promise<void>
}

const MOST_CONFLICTS = 100

export const createRunActor = (actor: ActorParts, runId: string): RunActor => {
  const run = createKnownRun(actor.parts, runId)
  let tail: Promise<unknown> = Promise.resolve()
  let queued = 0

  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    queued += 1
    const result = tail.then(work).finally(() => (queued -= 1))
    tail = result.catch(() => undefined)
    return result
  }

  const perform = (job: Job): Promise<RunState> =>
    job.insistent === true ? insistently(actor.parts, runId, () => decideAndAppend(job)) : decideAndAppend(job)

  const decideAndAppend = async (job: Job): Promise<RunState> => {
    let isFresh = run.now() === undefined
    if (isFresh) await (job.newRun === undefined ? run.refresh() : run.look())
    for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
      try {
        const after = await once(job)
        if (after !== undefined) return after
      } catch (error) {
        // What is refused by what this process remembers may be possible by what others have done since.
        if (isFresh || !isAppError(error, 'NotPossible')) throw error
      }
      await run.refresh()
      isFresh = true
    }
    throw new AppError('EventLogConflict', `${runId} was changed by others ${MOST_CONFLICTS} times in a row`, { retryable: true })
  }

  const lookAgain = (): Promise<unknown> => self.submit(lookAround).catch(() => undefined)

  /** Undefined on a conflict. */
  const once = async (job: Job): Promise<RunState | undefined> => {
    const known = run.now()
    const agent = known?.agent ?? job.newRun?.agent
    if (agent === undefined) throw notFound(runId)
    const desk = actor.desk(agent, { key: runId, retry: lookAgain })
    try {
      const batch = foldJob(actor.parts, { runId, job, desk, known })
      const after = batch.state()
      if (after === undefined) throw notFound(runId)
      const before = known?.state
      const store = (texts: readonly string[]): Promise<void> => actor.store(agent, texts)
      if (batch.sealed.length > 0 && !(await appendBatch(actor.parts, { runId, batch, before, store }))) return undefined
      desk.keepAll()
      run.learn({ agent, state: after })
      noticeFailedCode(actor.parts, batch)
      actor.settled(agent, after, before)
      if (batch.isFull()) void lookAgain()
      return after
    } finally {
      desk.releaseAll()
    }
  }

  const self: RunActor = {
    submit: (job) => inTurn(() => perform(job)),
    refresh: () => inTurn(async () => (await run.refresh()).state),
    idle: () => queued === 0,
  }
  return self
}

const noticeFailedCode = ({ notify }: RuntimeParts, { sealed }: Batch): void => {
  for (const { event } of sealed) {
    if (!('cause' in event.data) || event.data.cause === undefined) continue
    const { cause, callId } = event.data as { readonly cause: string; readonly callId?: string }
    notify({ type: 'codeFailed', runId: event.runId, ...present({ callId }), message: cause })
  }
}

interface FoldedJob {
  readonly runId: string
  readonly job: Job
  readonly desk: DeskWithSlots
  readonly known: Known | undefined
}

/** The events of a job and of all that it leads to at once. */
const foldJob = (parts: RuntimeParts, { runId, job, desk, known }: FoldedJob): Batch => {
  const before = known?.state
  const decision = job.decide(before, desk)
  if ('refuse' in decision) throw decision.refuse
  const correlationId = (before ?? job.newRun)?.correlationId ?? runId
  const run = { agent: desk.agent, runId, before, correlationId }
  const batch = createBatch(parts, run)
  try {
    for (const fact of decision.facts) batch.push(fact, decision.causationId, decision.wish)
    answerAll(desk, batch)
    return batch
  } catch (error) {
    if (before === undefined || !(isAppError(error, 'UnexpectedEvent') || job.insistent === true)) throw error
    // The chart cannot go on from here, today or tomorrow: that is the end of this run, and of no other.
    const reason = messageOf(error)
    parts.notify({ type: 'runBroken', runId, message: reason })
    desk.releaseAll()
    const last = createBatch(parts, run)
    last.push({ type: 'RunFailed', data: { reason, by: 'refold' } }, undefined)
    return last
  }
}
