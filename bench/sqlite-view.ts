import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createProjector } from '../src/consumers/projector.ts'
import type { EventLog } from '../src/eventlog/event-log.ts'
import { sqliteViewStore } from '../src/views/sqlite/sqlite-view-store.ts'
import type { ViewStore } from '../src/views/view-store.ts'

/** What readers of runs ask, on SQLite, in a file of its own. */
export interface SqliteView {
  readonly views: ViewStore
  clear(): Promise<void>
  /** As it is fed from the log. */
  catchUp(log: EventLog): Promise<void>
  close(): Promise<void>
}

export const openSqliteView = (folder: string): SqliteView => {
  const views = sqliteViewStore({ path: join(folder, `${randomUUID()}.db`) })
  return {
    views,
    clear: () => views.clear(),
    catchUp: (log) => createProjector({ log, views }).catchUp(),
    close: () => views.close(),
  }
}
