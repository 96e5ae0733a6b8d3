import type { Clock } from '../clock.ts'
import type { NoticingLog } from '../eventlog/went-back.ts'
import { present } from '../present.ts'
import type { Notice } from '../runtime/notice.ts'
import type { ViewStore } from '../views/view-store.ts'
import { knownRestore, type KnownRestore } from './known-restore.ts'
import type { Restore } from './log-restore.ts'
import { watchLog, type LogWatch } from './log-watch.ts'
import { createProjector, type Projector } from './projector.ts'

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
}

/** So long every process that begins says it. */
const TOLD_FOR_MS = 24 * 3_600_000

export const createRestoreWatch = ({ noticing, views, clock, notify }: RestoreWatchParts): RestoreWatch => {
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
    projector: createProjector({ log, views, restored }),
    watch: (watch) => {
      watchLog({ noticing, isOutdated, clock, ...watch })
    },
  }
}
