import { AppError, isAppError, messageOf } from '../errors.ts'
import { streamOf } from '../events/codec.ts'
import type { RunFact } from '../events/run-events.ts'
import { step } from '../fold/fold.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import { createBatch, type Batch, type WishOrigin } from './batch.ts'
import { answerAll } from './answer-all.ts'
import type { Desk } from './answer-owed.ts'
import type { DeskWithSlots } from './desk.ts'
import { readRun } from './run-reader.ts'
import type { RuntimeParts } from './runtime-parts.ts'

// The one place that appends to a run.
//
//   A1. One job at a time: read, decide, append. What others appended meanwhile shows as a conflict, and the job decides again.
//   A2. An effect begins only after the append of its claim has been acknowledged.
//   A3. The result of an effect is appended until the log has taken it or the run no longer wants it; a wish is not.
//   A4. A state is kept only if every event of it is stored.

/** What a job makes of the state it meets. It may be asked again, with a newer state. */
export type JobDecision =
  | { readonly facts: readonly RunFact[]; readonly causationId?: string; readonly wish?: WishOrigin }
  /** Nothing to record; the caller learns why. */
  | { readonly refuse: AppError }

export interface Job {
  decide(state: RunState | undefined, desk: Desk): JobDecision
  /** The agent of a run that has no event yet. */
  readonly newRun?: { readonly agent: Agent; readonly correlationId: string }
  /** The world has done something that the log has to know: try until it does. */
  readonly insistent?: true
}

export interface RunActor {
  readonly runId: string
  /** The state after the job. Rejects with what the job was refused for, or with what the log said. */
  submit(job: Job): Promise<RunState>
  /** Whether no job waits or runs. */
  idle(): boolean
  /** The newest state that was stored here, which the log may have left behind. */
  lastKnown(): RunState | undefined
  /** Brings the state up to the log. */
  refresh(): Promise<RunState>
}

export interface ActorParts {
  readonly parts: RuntimeParts
  /** A place to look up what every run of this process shares. */
  desk(agent: Agent, wake: () => void): DeskWithSlots
  /** After each state that is stored. */
  settled(agent: Agent, state: RunState, before: RunState | undefined): void
  /** Called once the blob store has to hold these texts. */
  store(agent: Agent, texts: readonly string[]): Promise<void>
}

const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 5_000
const MOST_CONFLICTS = 100

export const createRunActor = (actor: ActorParts, runId: string): RunActor => {
  const { parts } = actor
  let known: { readonly agent: Agent; readonly state: RunState } | undefined
  let tail: Promise<unknown> = Promise.resolve()
  let queued = 0

  const refresh = async (): Promise<void> => {
    let agent = known?.agent
    let state = known?.state
    for await (const { event } of readRun(parts, runId, (state?.revision ?? -1) + 1)) {
      if (agent === undefined && event.type === 'RunStarted') agent = parts.agents.ofRun(runId, event.data)
      if (agent === undefined) throw new AppError('EventLogCorrupt', `Expected RunStarted first in ${runId}, found ${event.type}`)
      const led = step(agent.program, state, event)
      state = led.state
    }
    if (agent !== undefined && state !== undefined) known = { agent, state }
  }

  const load = async (job: Job): Promise<void> => {
    try {
      await refresh()
    } catch (error) {
      if (job.newRun === undefined || !isAppError(error, 'RunNotFound')) throw error
    }
  }

  const run = async (job: Job): Promise<RunState> => {
    for (let conflicts = 0; ; conflicts++) {
      if (known === undefined) await load(job)
      const done = await tryOnce(job)
      if (done !== 'conflict') return done
      if (conflicts >= MOST_CONFLICTS) throw new AppError('EventLogConflict', `${runId} was changed by others ${conflicts} times in a row`, { retryable: true })
      await refresh()
    }
  }

  const tryOnce = async (job: Job): Promise<RunState | 'conflict'> => {
    const agent = known?.agent ?? job.newRun?.agent
    if (agent === undefined) throw new AppError('RunNotFound', `Expected a run ${runId}, found none`, { details: { runId } })
    const before = known?.state
    const desk = actor.desk(agent, () => void self.submit(lookAround).catch(() => undefined))
    try {
      const batch = fold(job, { agent, before, desk })
      const after = batch.state()
      if (after === undefined) throw new AppError('RunNotFound', `Expected a run ${runId}, found none`, { details: { runId } })
      if (batch.sealed.length > 0 && !(await append(job, { agent, batch, before }))) return 'conflict'
      desk.keepAll()
      known = { agent, state: after }
      actor.settled(agent, after, before)
      return after
    } finally {
      desk.releaseAll()
    }
  }

  const fold = (job: Job, { agent, before, desk }: { agent: Agent; before: RunState | undefined; desk: Desk }): Batch => {
    const decision = job.decide(before, desk)
    if ('refuse' in decision) throw decision.refuse
    const correlationId = before?.correlationId ?? job.newRun?.correlationId ?? runId
    const batch = createBatch(parts, agent, runId, before, correlationId)
    try {
      for (const fact of decision.facts) batch.push(fact, decision.causationId, decision.wish)
      answerAll(desk, batch)
      return batch
    } catch (error) {
      if (!isAppError(error, 'UnexpectedEvent') || before === undefined) throw error
      // The chart cannot go on from here, today or tomorrow: that is the end of this run, and of no other.
      parts.notify({ type: 'runBroken', runId, message: error.message })
      const last = createBatch(parts, agent, runId, before, correlationId)
      last.push({ type: 'RunFailed', data: { reason: error.message, by: 'refold' } }, undefined)
      return last
    }
  }

  /** False on a conflict. */
  const append = async (
    job: Job,
    { agent, batch, before }: { readonly agent: Agent; readonly batch: Batch; readonly before: RunState | undefined },
  ): Promise<boolean> => {
    const texts = batch.sealed.map((sealed) => sealed.texts)
    const expected = before === undefined ? 'no-stream' : before.revision
    for (let tries = 0; ; tries++) {
      try {
        await actor.store(agent, batch.sealed.flatMap(({ blobs }) => blobs))
        await parts.log.append(streamOf(runId), expected, texts)
        return true
      } catch (error) {
        if (isAppError(error, 'EventLogConflict')) return false
        if (!mayRepeat(error, job)) throw error
        parts.notify({ type: 'appendRetried', runId, code: error.code, message: messageOf(error) })
        await pause(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(tries, 20)))
      }
    }
  }

  const mayRepeat = (error: unknown, job: Job): error is AppError =>
    isAppError(error, 'OutcomeUnknown') || (job.insistent === true && isAppError(error, 'EventLogUnavailable'))

  const pause = (delayMs: number): Promise<void> => new Promise((resolve) => parts.clock.setTimer(delayMs, resolve))

  const self: RunActor = {
    runId,
    idle: () => queued === 0,
    lastKnown: () => known?.state,
    refresh() {
      const result = tail.then(async () => {
        await refresh()
        if (known === undefined) throw new AppError('RunNotFound', `Expected a run ${runId}, found none`, { details: { runId } })
        return known.state
      })
      tail = result.catch(() => undefined)
      return result
    },
    submit(job) {
      queued += 1
      const result = tail.then(() => run(job)).finally(() => (queued -= 1))
      tail = result.catch(() => undefined)
      return result
    },
  }
  return self
}

/** A job that wishes nothing: owed work alone is seen to. */
export const lookAround: Job = { decide: () => ({ facts: [] }) }
