import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { viewStoreFeed, type FedView } from '../src/consumers/view-feed.ts'
import { createProjector } from '../src/consumers/projector.ts'
import type { EventLog } from '../src/eventlog/event-log.ts'
import { sqliteViewStore } from '../src/views/sqlite/sqlite-view-store.ts'

/** What readers of runs ask, on SQLite, in a file of its own. */
export interface SqliteView {
  /** As it is fed from a topic. */
  readonly feed: FedView
  clear(): Promise<void>
  /** As it is fed from the log. */
  catchUp(log: EventLog): Promise<void>
  close(): Promise<void>
}

export const openSqliteView = (folder: string): SqliteView => {
  const views = sqliteViewStore({ path: join(folder, `${randomUUID()}.db`) })
  return {
    feed: viewStoreFeed(views),
    clear: () => views.clear(),
    catchUp: (log) => createProjector({ log, views }).catchUp(),
    close: () => views.close(),
  }
}
