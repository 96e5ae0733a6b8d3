import type { Clock } from '../clock.ts'
import type { NoticingLog } from '../eventlog/went-back.ts'
import { present } from '../present.ts'
import type { Notice } from '../runtime/notices.ts'
import type { ViewStore } from '../views/view-store.ts'
import { identityOf, type Restore } from './log-identity.ts'
import { createProjector, type Projector, type ReadBeside } from './projector.ts'
import { newestRestore, type RestorePorts } from './restored-log.ts'
import type { AppError } from '../errors.ts'

/** All by which a process learns that an older copy of its log was restored: before it began, or under it. */
export interface RestoreWatch {
  readonly newest: KnownRestore['newest']
  readonly projector: Projector
  readonly watch: (watch: Pick<LogWatch, 'intervalMs' | 'signal' | 'wentBack'>) => void
}

export interface RestoreWatchParts {
  readonly noticing: NoticingLog
  readonly views: ViewStore
  readonly clock: Clock
  readonly notify: (notice: Notice) => void
  readonly projectBeside?: ReadBeside | undefined
}

/** So long every process that begins says it. */
const TOLD_FOR_MS = 24 * 3_600_000

export const createRestoreWatch = ({ noticing, views, clock, notify, projectBeside }: RestoreWatchParts): RestoreWatch => {
  const { log, giveUp } = noticing
  const tell = ({ at, by, lostRuns }: Restore): void => {
    if (at < clock.now() - TOLD_FOR_MS) return
    notify({ type: 'logRestored', recordedAt: new Date(at).toISOString(), lostRuns: lostRuns.size, ...present({ by }) })
  }
  const { newest, isOutdated } = knownRestore({ log, views, tell })
  /** What is recorded while the process goes by another knowledge is under it. */
  const restored = (): void => {
    const check = async (): Promise<void> => {
      if (await isOutdated()) giveUp('the views know more than it holds')
    }
    check().catch(() => undefined)
  }
  return {
    newest,
    projector: createProjector({ log, views, restored, beside: projectBeside }),
    watch: (watch) => {
      watchLog({ noticing, isOutdated, clock, ...watch })
    },
  }
}

/** What a process goes by: the newest restore of its log when it began. */
export interface KnownRestore {
  /** Finds out, and records, that the log was restored, if nobody has before. Rejects with what log and views say. */
  readonly newest: () => Promise<Restore | undefined>
  /** Rejects with what the log says. */
  readonly isOutdated: () => Promise<boolean>
}

export interface KnownRestoreParts extends Pick<RestorePorts, 'log' | 'views'> {
  /** Once for each that is found out or found recorded. */
  readonly tell: (restore: Restore) => void
}

export const knownRestore = ({ log, views, tell }: KnownRestoreParts): KnownRestore => {
  let asked: Promise<Restore | undefined> | undefined
  let known: { readonly id: string | undefined } | undefined
  const ask = async (): Promise<Restore | undefined> => {
    const newest = await newestRestore({ log, views })
    known = { id: newest?.id }
    if (newest !== undefined) tell(newest)
    return newest
  }
  return {
    newest() {
      asked ??= ask().catch((error: unknown) => {
        asked = undefined
        throw error
      })
      return asked
    },
    isOutdated: async () => known !== undefined && (await identityOf(log)).restores.at(-1)?.id !== known.id,
  }
}

interface LogWatch {
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
const watchLog = ({ noticing: { log, wentBack: noticed, giveUp }, isOutdated, clock, intervalMs, signal, wentBack }: LogWatch): void => {
  const checkLog = async (): Promise<void> => {
    await log.head()
    if (await isOutdated()) giveUp('a restore was recorded since')
  }
  const ask = (): void => {
    const disarm = clock.setTimer(intervalMs, () => {
      // Whoever needs a log that is away says so.
      checkLog()
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
