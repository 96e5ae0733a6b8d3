import type { Clock } from '../clock.ts'
import type { AppError } from '../errors.ts'
import type { NoticingLog } from '../eventlog/went-back.ts'

export interface LogWatch {
  readonly noticing: NoticingLog
  /** Whether a restore was recorded that this process does not go by. */
  readonly isOutdated: () => Promise<boolean>
  readonly clock: Clock
  readonly intervalMs: number
  /** Ends it. */
  readonly signal: AbortSignal
  /** Called once. */
  readonly wentBack: (error: AppError) => void
}

/** Asks from time to time where the log ends, since this process may have no other reason to: so it learns within the interval that it went back. */
export const watchLog = ({
  noticing: { log, wentBack: noticed, giveUp },
  isOutdated,
  clock,
  intervalMs,
  signal,
  wentBack,
}: LogWatch): void => {
  const look = async (): Promise<void> => {
    await log.head()
    if (await isOutdated()) giveUp('a restore was recorded since')
  }
  const ask = (): void => {
    const disarm = clock.setTimer(intervalMs, () => {
      // Whoever needs a log that is away says so.
      look()
        .catch(() => undefined)
        .finally(() => {
          if (!signal.aborted && !noticed.aborted) ask()
        })
    })
    signal.addEventListener('abort', disarm, { once: true })
  }
  noticed.addEventListener(
    'abort',
    () => {
      if (!signal.aborted) wentBack(noticed.reason as AppError)
    },
    { once: true },
  )
  ask()
}
