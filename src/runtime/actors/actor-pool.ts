import { AppError } from '../../errors.ts'
import type { RunState } from '../../fold/run-state.ts'
import type { Job } from './jobs.ts'
import type { RunActor } from './run-actor.ts'

// The runs that this process has in memory.
//
//   POOL1. A run has one actor at a time. Everybody names it by its id and nobody keeps it, so none is used once it is forgotten.
//   POOL2. An actor is forgotten only while nobody holds its run: no job of it waits or runs, no effect is under way, and no place is waited for.

export interface ActorPool {
  /** Rejects with what the job was refused for, or with what the log said. */
  readonly submit: (runId: string, job: Job) => Promise<RunState>
  /** The state as of now, by the log. Waits for no job. */
  readonly read: (runId: string) => Promise<RunState>
  /** The state at a revision that the log holds, or a newer one. What this process has appended itself is not read again. */
  readonly reach: (runId: string, revision: number) => Promise<RunState>
  /** Called with the state that this process knows, and with each newer one that it learns of, until what is returned is called: so long the run stays in memory. */
  readonly watch: (runId: string, heard: (state: RunState) => void) => () => void
  /** Keeps a run in memory until what is returned is called. */
  readonly hold: (runId: string) => () => void
  size(): number
}

export interface PoolLimits {
  /** Runs that nobody holds. */
  readonly mostIdle: number
  /** Commands of all runs that wait for the log, and what their texts come to in characters. */
  readonly mostWaiting?: number
  readonly mostWaitingLength?: number
}

const MOST_WAITING = 10_000
const MOST_WAITING_LENGTH = 128 * 1024 * 1024

interface Kept {
  readonly actor: RunActor
  holds: number
}

export const createActorPool = (
  create: (runId: string) => RunActor,
  { mostIdle, mostWaiting = MOST_WAITING, mostWaitingLength = MOST_WAITING_LENGTH }: PoolLimits,
): ActorPool => {
  const kept = new Map<string, Kept>()
  /** That nobody holds, in order of use. */
  const idle = new Set<string>()
  const waiting = { commands: 0, length: 0 }

  const acquire = (runId: string): Kept => {
    let run = kept.get(runId)
    if (run === undefined) kept.set(runId, (run = { actor: create(runId), holds: 0 }))
    else if (run.holds === 0) idle.delete(runId)
    run.holds += 1
    return run
  }

  const release = (runId: string, run: Kept): void => {
    run.holds -= 1
    if (run.holds > 0) return
    idle.add(runId)
    if (idle.size > mostIdle) forgetOldest(kept, idle)
  }

  const holding = (runId: string, begin: (actor: RunActor) => () => void): (() => void) => {
    const run = acquire(runId)
    const end = begin(run.actor)
    return () => {
      end()
      release(runId, run)
    }
  }

  const using = async <Result>(runId: string, work: (actor: RunActor) => Promise<Result>): Promise<Result> => {
    const run = acquire(runId)
    try {
      return await work(run.actor)
    } finally {
      release(runId, run)
    }
  }

  const submit = (runId: string, job: Job): Promise<RunState> => using(runId, (actor) => actor.submit(job))

  const submitCommand = async (runId: string, job: Job): Promise<RunState> => {
    const { length = 0 } = job
    if (waiting.commands >= mostWaiting || waiting.length + length > mostWaitingLength) throw tooMany(runId, waiting.commands)
    waiting.commands += 1
    waiting.length += length
    try {
      return await submit(runId, job)
    } finally {
      waiting.commands -= 1
      waiting.length -= length
    }
  }

  return {
    submit: (runId, job) => (job.insistent === true ? submit(runId, job) : submitCommand(runId, job)),
    read: (runId) => using(runId, (actor) => actor.read()),
    reach: (runId, revision) => using(runId, (actor) => actor.reach(revision)),
    watch: (runId, heard) => holding(runId, (actor) => actor.watch(heard)),
    hold: (runId) => holding(runId, () => () => undefined),
    size: () => kept.size,
  }
}

/** One at a time: finding the first of a set that much was taken from costs a pass over what is gone. */
const forgetOldest = (kept: Map<string, Kept>, idle: Set<string>): void => {
  const [oldest] = idle
  if (oldest === undefined) return
  idle.delete(oldest)
  kept.delete(oldest)
}

const tooMany = (runId: string, waiting: number): AppError =>
  new AppError('EventLogUnavailable', `${waiting} commands wait for the log already: nothing of ${runId} was recorded`, {
    retryable: true,
    details: { runId },
  })
