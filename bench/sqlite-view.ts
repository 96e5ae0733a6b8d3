import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { FedView } from '../src/consumers/fed-view.ts'
import { createProjector } from '../src/consumers/projector.ts'
import { runIndexView } from '../src/consumers/run-index-view.ts'
import type { EventLog } from '../src/eventlog/event-log.ts'
import { sqliteRunIndex } from '../src/views/run-index.sqlite.ts'

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
  const index = sqliteRunIndex({ path: join(folder, `${randomUUID()}.db`) })
  return {
    feed: runIndexView(index),
    clear: () => index.clear(),
    catchUp: (log) => createProjector({ log, index }).catchUp(),
    close: () => index.close(),
  }
}
