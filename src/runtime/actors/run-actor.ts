import { AppError, isAppError } from '../../errors.ts'
import type { RunState } from '../../fold/run-state.ts'
import { present } from '../../present.ts'
import type { OriginRecord } from '../seal/origin-record.ts'
import type { Agent } from '../agent.ts'
import type { JobContextWithSlots } from '../answers/job-context.ts'
import { createKnownRun, type Known, type KnownRun } from '../reading/fold-run.ts'
import { notFound } from '../reading/run-reader.ts'
import { insistently } from '../retry-pause.ts'
import type { RestoreMark, RuntimeParts } from '../runtime-parts.ts'
import { appendBatch, type Batch } from './batch.ts'
import { foldJob } from './fold-job.ts'
import type { Job } from './jobs.ts'

// The one place that appends to a run.
//
//   ACTOR1. One job at a time: read, decide, append. What others appended meanwhile shows as a conflict, and the job decides again.
//   ACTOR2. An effect begins only after the append of its claim has been acknowledged.
//   ACTOR3. The result of an effect is tried until the log has taken it or the run no longer wants it; a command is not.
//   ACTOR4. A state is kept only if every event of it is stored.
//   ACTOR5. Reads wait for no job: a log that cannot be written can still be read. Whoever has heard of an event waits for the append that may have
//       brought it, as long as the log does not fail it.

export interface RunActor {
  /** The state after the job. Rejects with what the job was refused for, or with what the log said. */
  submit(job: Job): Promise<RunState>
  /** The state as of now, by the log. */
  read(): Promise<RunState>
  /** The state at a revision that the log holds, or a newer one. What this process has appended itself is not read again. */
  reach(revision: number): Promise<RunState>
  /** Called with the state that this process knows, and with each newer one that it learns of. Returns what takes it back. */
  readonly watch: (heard: (state: RunState) => void) => () => void
}

export interface ActorParts {
  readonly parts: RuntimeParts
  /** What a job of a run may know of this process and of now. */
  readonly context: (agent: Agent, runId: string, record: OriginRecord | undefined) => JobContextWithSlots
  /** Of a fork: what its origin has recorded. Undefined where it is none. */
  readonly record: (state: RunState | undefined, job: Pick<Job, 'recorded'>) => Promise<OriginRecord> | undefined
  /** After each state that is stored. */
  readonly stored: (agent: Agent, state: RunState, before: RunState | undefined) => void
  /** An append was full before all was answered. */
  readonly goOn: (runId: string) => void
  /** Resolves once the blob store holds these contents, and the agent's prompt. Undefined where it holds all of it. */
  readonly store: (agent: Agent, contents: readonly (string | Uint8Array)[]) => Promise<void> | undefined
  /** Ends every repetition. */
  readonly signal: AbortSignal
}

const MOST_CONFLICTS = 100

type Failed = (error: AppError) => void

export const createRunActor = (actor: ActorParts, runId: string): RunActor => {
  const { parts, signal } = actor
  const run = createKnownRun(parts, runId)
  const appending = createAppending()
  const once = createAttempt(actor, { runId, run, appending })

  const decideAndAppend = async (job: Job, failed: Failed): Promise<RunState> => {
    const restore = await parts.restore?.()
    let isFresh = run.now() === undefined
    // A run that is known here may have been deleted: its id is not started again.
    if (job.newRun?.hasNewId === false) await run.refreshIfThere()
    else if (isFresh && job.newRun === undefined) await run.refresh()
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

  const jobs = createJobQueue({
    runId,
    signal,
    perform: (job, failed) => {
      const work = (): Promise<RunState> => decideAndAppend(job, failed)
      return job.insistent === true ? insistently(parts, { runId, signal, failed }, work) : work()
    },
  })
  const read = async (): Promise<RunState> => (await run.refresh()).state
  const known = (revision: number): RunState | undefined => {
    const state = run.now()?.state
    return state !== undefined && state.revision >= revision ? state : undefined
  }
  return {
    submit: jobs.submit,
    read,
    async reach(revision) {
      if (known(revision) === undefined) await appending.over()
      return known(revision) ?? read()
    },
    watch: run.watch,
  }
}

/** The append of a run that is under way. */
interface Appending {
  /** Returns what is called once it is known what came of it, or once the log has failed it for now. */
  begin(): () => void
  /** Resolves then. */
  over(): Promise<void>
}

const createAppending = (): Appending => {
  /** Who waits for the one that is under way. */
  let waiting: (() => void)[] | undefined
  return {
    begin() {
      const ofThis: (() => void)[] = []
      waiting = ofThis
      return () => {
        if (waiting === ofThis) waiting = undefined
        for (const tell of ofThis.splice(0)) tell()
      }
    },
    over: () =>
      new Promise((resolve) => {
        if (waiting === undefined) resolve()
        else waiting.push(resolve)
      }),
  }
}

interface AttemptParts {
  readonly runId: string
  readonly run: KnownRun
  readonly appending: Appending
}

/** Decides a job by what is known, and appends what that leads to: undefined on a conflict. */
type Attempt = (job: Job, failed: Failed, restore: RestoreMark | undefined) => Promise<RunState | undefined>

const createAttempt = (actor: ActorParts, { runId, run, appending }: AttemptParts): Attempt => {
  const { parts, signal } = actor
  const noticeFailedCode = codeNotices(parts, runId)
  return async (job, failed, restore) => {
    const known = run.now()
    const agent = agentOf(runId, known, job)
    const record = actor.record(known?.state, job)
    const context = actor.context(agent, runId, record && (await record))
    const isKnown = appending.begin()
    const failedForNow = (error: AppError): void => {
      isKnown()
      failed(error)
    }
    try {
      const { batch, stopped, notices = [] } = foldJob(parts, { runId, job, context, known, restore })
      const after = batch.state()
      if (after === undefined) throw notFound(runId)
      const before = known?.state
      const store = (texts: readonly string[]): Promise<void> | undefined => actor.store(agent, [...(job.bytes ?? []), ...texts])
      if (batch.sealed.length > 0 && !(await appendBatch(parts, { runId, batch, before, store, signal, failed: failedForNow })))
        return undefined
      context.keepAll()
      noticeFailedCode(batch, stopped)
      for (const notice of notices) parts.notify(notice)
      // Others may have gone on meanwhile, and somebody may have read it.
      actor.stored(agent, run.learn({ ...known, agent, state: after }).state, before)
      if (batch.isFull()) actor.goOn(runId)
      return after
    } finally {
      isKnown()
      context.releaseAll()
    }
  }
}

const agentOf = (runId: string, known: Known | undefined, { newRun }: Job): Agent => {
  const agent = known?.agent ?? newRun?.agent
  if (agent === undefined) throw notFound(runId)
  return agent
}

/** The jobs of one run: one at a time, in order. */
export interface JobQueue {
  /**
   * Rejects with what the job was refused for, or with what the log said; a job that does not insist with `EventLogUnavailable`, at once,
   * while the log does not take the one before it, and where too many wait.
   */
  readonly submit: (job: Job) => Promise<RunState>
}

export interface JobQueueParts {
  readonly runId: string
  /** Ends what waits, with `Closed`. */
  readonly signal: AbortSignal
  /** Calls `failed` each time that the log fails it and it will be tried again. */
  readonly perform: (job: Job, failed: (error: AppError) => void) => Promise<RunState>
}

interface Waiting {
  readonly job: Job
  readonly resolve: (state: RunState) => void
  readonly reject: (error: unknown) => void
}

/** Commands of one run that wait for the log. */
const MOST_WAITING = 1_000

const createJobQueue = ({ runId, signal, perform }: JobQueueParts): JobQueue => {
  let waiting: Waiting[] = []
  let isPerforming = false
  let outage: AppError | undefined

  const refuse = (error: AppError, isRefused: (job: Job) => boolean): void => {
    const refused = waiting.filter(({ job }) => isRefused(job))
    waiting = waiting.filter(({ job }) => !isRefused(job))
    for (const { reject } of refused) reject(error)
  }

  const failed = (error: AppError): void => {
    // Others were faster, again and again: the log itself is well.
    if (isAppError(error, 'EventLogConflict')) return
    outage = unavailable(runId, error)
    refuse(outage, isCommand)
  }

  const performAll = async (): Promise<void> => {
    isPerforming = true
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        next.resolve(await perform(next.job, failed))
      } catch (error) {
        next.reject(error)
      }
      outage = undefined
      if (signal.aborted) refuse(closed(runId), () => true)
    }
    isPerforming = false
  }

  return {
    submit: (job) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(closed(runId))
        if (isCommand(job) && outage !== undefined) return reject(outage)
        if (isCommand(job) && waiting.length >= MOST_WAITING) return reject(tooMany(runId))
        waiting.push({ job, resolve, reject })
        if (!isPerforming) void performAll()
      }),
  }
}

const isCommand = ({ insistent }: Job): boolean => insistent !== true

const unavailable = (runId: string, cause: AppError): AppError =>
  new AppError('EventLogUnavailable', `${runId} cannot be written now, nothing was recorded: ${cause.message}`, {
    retryable: true,
    details: { ...cause.details, runId },
    cause,
  })

const tooMany = (runId: string): AppError =>
  new AppError('EventLogUnavailable', `${MOST_WAITING} commands of ${runId} wait for the log already: nothing was recorded`, {
    retryable: true,
    details: { runId },
  })

const closed = (runId: string): AppError => new AppError('Closed', `this process closed before anything of it was recorded of ${runId}`)

/** Tells operators of code of the agent that failed, once it is recorded what that led to; of one stop once, however often it is met. */
const codeNotices = ({ notify }: RuntimeParts, runId: string): ((batch: Batch, stopped: AppError | undefined) => void) => {
  let told: string | undefined
  return ({ sealed }, stopped) => {
    for (const { event } of sealed) {
      const { cause, callId, retryAt } = event.data as { readonly cause?: string; readonly callId?: string; readonly retryAt?: number }
      if (cause === undefined || retryAt !== undefined) continue
      notify({ type: 'codeFailed', runId, ...present({ callId }), message: cause })
    }
    if (stopped !== undefined && stopped.message !== told) notify({ type: 'runBroken', runId, message: stopped.message })
    told = stopped?.message
  }
}
