import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from './clock.ts'
import { readOn, type Place } from './consumers/projector.ts'
import { AppError, isAppError, messageOf } from './errors.ts'
import { sqliteEventLog } from './eventlog/sqlite/sqlite-event-log.ts'
import { viewsClosed } from './views/view-decision.ts'
import { sqliteViewStore } from './views/sqlite/sqlite-view-store.ts'

// The other end of open-projector.ts. Files are opened for each piece of work, since they may have been begun anew meanwhile.

export interface ProjectorFiles {
  readonly log: string
  readonly views: string
}

export type ProjectorAnswer =
  { readonly isDone: boolean } | { readonly failed: Pick<AppError, 'code' | 'message' | 'retryable' | 'details'> }

/** Nobody else waits here. */
const BATCH_EVENTS = 2_000

const files = workerData as ProjectorFiles
const end = new AbortController()

const project = async (place: Place): Promise<ProjectorAnswer> => {
  try {
    const log = sqliteEventLog({ path: files.log, clock: systemClock })
    try {
      const views = sqliteViewStore({ path: files.views })
      try {
        return { isDone: await readOn({ log, views }, place, { batchEvents: BATCH_EVENTS, turns: 1, signal: end.signal }) }
      } finally {
        await views.close()
      }
    } finally {
      await log.close()
    }
  } catch (error) {
    const { code, message, retryable, details } = isAppError(error)
      ? error
      : new AppError('StoreUnavailable', messageOf(error), { retryable: true })
    return { failed: { code, message, retryable, details } }
  }
}

parentPort?.on('message', (order: Place | 'end') => {
  if (order === 'end') end.abort(viewsClosed())
  else void project(order).then((answer) => parentPort?.postMessage(answer))
})
