import { AppError, isAppError, isUnavailable } from '../../errors.ts'

export interface Unreadable {
  readonly runId: string
  readonly code: string
  readonly message: string
}

export interface OverRuns {
  readonly runIds: readonly string[]
  readonly concurrency: number
  readonly signal: AbortSignal
  /** Rejects for what is to be told of one run alone with an `AppError`. */
  readonly look: (runId: string) => Promise<void>
  readonly unreadable: (found: Unreadable) => void
  /** Whether no other run is begun. */
  readonly isOver: () => boolean
  readonly onDone: () => void
}

/** What no run is to blame for. */
const OF_ALL: ReadonlySet<string> = new Set(['Closed', 'UnknownPrice', 'InvalidConfiguration', 'LogRestored', 'OutcomeUnknown'])

const isOfOneRun = (error: unknown): error is AppError =>
  isAppError(error) && !(isUnavailable as (error: unknown) => boolean)(error) && !OF_ALL.has(error.code)

/** So many runs at one time, in their order. One that cannot be looked at stops no other. Rejects with what stops all of them, once none is under way. */
export const overRuns = async ({ runIds, concurrency, signal, look, unreadable, isOver, onDone }: OverRuns): Promise<void> => {
  const queue = runIds.values()
  const problems: unknown[] = []
  const lane = async (): Promise<void> => {
    for (const runId of queue) {
      if (signal.aborted || problems.length > 0 || isOver()) return
      try {
        await look(runId)
      } catch (error) {
        if (!isOfOneRun(error)) return void problems.push(error)
        unreadable({ runId, code: error.code, message: error.message })
      }
      onDone()
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  if (signal.aborted) throw new AppError('Closed', 'The what-if was given up')
  if (problems.length > 0) throw problems[0]
}
