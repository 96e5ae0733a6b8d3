import { AppError, isAppError } from '../errors.ts'
import type { RunState } from '../fold/run-state.ts'
import type { RestoreMark } from './restore-mark.ts'
import type { Agent } from './agent.ts'
import { appendBatch } from './append-batch.ts'
import { codeNotices } from './code-notices.ts'
import type { DeskWithSlots } from './desk.ts'
import { foldJob } from './fold-job.ts'
import type { Job } from './job.ts'
import { createJobQueue } from './job-queue.ts'
import { createKnownRun } from './known-run.ts'
import { notFound } from './run-reader.ts'
import { insistently } from './retry-pause.ts'
import type { RuntimeParts } from './runtime-parts.ts'

// The one place that appends to a run.
//
//   A1. One job at a time: read, decide, append. What others appended meanwhile shows as a conflict, and the job decides again.
//   A2. An effect begins only after the append of its claim has been acknowledged.
//   A3. The result of an effect is tried until the log has taken it or the run no longer wants it; a wish is not.
//   A4. A state is kept only if every event of it is stored.
//   A5. Reads wait for no job: a log that cannot be written can still be read.

export interface RunActor {
  /** The state after the job. Rejects with what the job was refused for, or with what the log said. */
  submit(job: Job): Promise<RunState>
  /** The state as of now, by the log. */
  read(): Promise<RunState>
}

export interface ActorParts {
  readonly parts: RuntimeParts
  /** A place to look up what every run of this process shares. */
  readonly desk: (agent: Agent, runId: string) => DeskWithSlots
  /** After each state that is stored. */
  readonly settled: (agent: Agent, state: RunState, before: RunState | undefined) => void
  /** An append was full before all was answered. */
  readonly goOn: (runId: string) => void
  /** Resolves once the blob store holds these texts, and the agent's prompt. */
  readonly store: (agent: Agent, texts: readonly string[]) => Promise<void>
  /** Ends every repetition. */
  readonly signal: AbortSignal
}

const MOST_CONFLICTS = 100

type Failed = (error: AppError) => void

export const createRunActor = (actor: ActorParts, runId: string): RunActor => {
  const { parts, signal } = actor
  const run = createKnownRun(parts, runId)
  const noticeFailedCode = codeNotices(parts, runId)

  const decideAndAppend = async (job: Job, failed: Failed): Promise<RunState> => {
    const restore = await parts.restore?.()
    let isFresh = run.now() === undefined
    // A run that is known here may have been deleted: its id is not started again.
    if (job.newRun !== undefined) await run.look()
    else if (isFresh) await run.refresh()
    for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
      try {
        const after = await once(job, failed, restore)
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

  /** Undefined on a conflict. */
  const once = async (job: Job, failed: Failed, restore: RestoreMark | undefined): Promise<RunState | undefined> => {
    const known = run.now()
    const agent = known?.agent ?? job.newRun?.agent
    if (agent === undefined) throw notFound(runId)
    const desk = actor.desk(agent, runId)
    try {
      const { batch, stopped, notices = [] } = foldJob(parts, { runId, job, desk, known, restore })
      const after = batch.state()
      if (after === undefined) throw notFound(runId)
      const before = known?.state
      const store = (texts: readonly string[]): Promise<void> => actor.store(agent, texts)
      if (batch.sealed.length > 0 && !(await appendBatch(parts, { runId, batch, before, store, signal, failed }))) return undefined
      desk.keepAll()
      noticeFailedCode(batch, stopped)
      for (const notice of notices) parts.notify(notice)
      // Others may have gone on meanwhile, and somebody may have read it.
      actor.settled(agent, run.learn({ ...known, agent, state: after }).state, before)
      if (batch.isFull()) actor.goOn(runId)
      return after
    } finally {
      desk.releaseAll()
    }
  }

  const jobs = createJobQueue({
    runId,
    signal,
    perform: (job, failed) => {
      const work = (): Promise<RunState> => decideAndAppend(job, failed)
      return job.insistent === true ? insistently(parts, { runId, signal, failed }, work) : work()
    },
  })
  return { submit: jobs.submit, read: async () => (await run.refresh()).state }
}
