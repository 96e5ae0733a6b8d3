import { AppError, isAppError } from '../errors.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Job } from './job.ts'

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

export const createJobQueue = ({ runId, signal, perform }: JobQueueParts): JobQueue => {
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
      await perform(next.job, failed).then(next.resolve, next.reject)
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
