import type { DatabaseSync } from 'node:sqlite'
import { AppError, messageOf } from '../../errors.ts'
import type { RunRow } from '../../projections/run-index.ts'
import { beginSqliteShadow } from './shadow.ts'
import { sqliteSql } from '../sqlite-sql.ts'
import type { SqlSource } from '../sqlite-sql-statement.ts'
import { isLarge, summedElsewhere } from './view-sums.ts'
import { sqliteTables, toRow, type SqliteTables } from '../sqlite-tables.ts'
import { inTransaction } from './transaction.ts'
import { isCorrupt, isSqliteError, openViewFile, removeViewFile } from './view-file.ts'
import { sqliteViewState, type SqliteViewState } from './view-state.ts'
import { viewsFormat } from '../table-sql.ts'
import { viewsClosed } from '../view-decision.ts'
import { checkDue, checkRunPage, pageQuery } from '../run-filter.ts'
import { changedQuery, countQuery, foundRun, foundRuns, runCounts, searchQuery } from '../run-search.ts'
import { pageOf, queryText, sumsRows, type QueryText, type ViewRow } from '../view-queries.ts'
import type { LogBatch, RunPage, TopicBatch, ViewStore } from '../view-store.ts'
import { viewTables } from '../view-tables.ts'

/**
 * The views in a SQLite file of their own, since a view must not hold the log's write lock. The file may be deleted while nobody has it
 * open; one that is corrupt or of another format is begun anew, and the projector fills it again.
 */
export const sqliteViewStore = ({ path }: { readonly path: string }): ViewStore => {
  let opened: Opened | undefined = open(path)

  const use = <Result>(work: (opened: Opened) => Result): Result => {
    if (opened === undefined) throw viewsClosed()
    try {
      return work(opened)
    } catch (error) {
      if (!isSqliteError(error)) throw error
      if (!isCorrupt(error)) throw unavailable(path, error)
      opened.db.close()
      opened = undefined
      removeViewFile(path)
      opened = open(path)
      return work(opened)
    }
  }
  const checked = <Result>(work: (opened: Opened) => Result): Result =>
    use((views) => {
      checkFormat(views.state)
      return work(views)
    })
  const source = (): SqlSource => checked(({ db }) => (path === ':memory:' ? { bytes: db.serialize() } : { path }))
  const sql = sqliteSql(source)
  // With places of its own: what anybody asks in SQL keeps no page from its figures.
  const sums = sqliteSql(source)
  const written = <Result>(work: (opened: Opened) => Result): Result => checked((views) => inTransaction(views.db, () => work(views)))

  return {
    checkpoint: async () => checked(({ state }) => state.checkpoint()),
    apply: async (batch) => written((views) => write(views, batch)),
    topicState: async (topic) => use(({ state }) => state.topic(topic)),
    beginRebuild: async () => beginSqliteShadow(checked),
    ...reads(use),
    async query(view, filter, now) {
      const query = queryText(view, filter, now)
      const isElsewhere = sumsRows(view) && use(({ db }) => isLarge(db))
      const rows = isElsewhere ? await summedElsewhere(sums, view, filter, now) : use(({ db }) => rowsOf(db, query))
      return pageOf(view, filter, rows)
    },
    sql: (query) => sql.ask(query),
    pausedSince: async () => use(({ state }) => state.pausedSince()),
    setPaused: async (since) => {
      written(({ state }) => {
        state.setPaused(since)
      })
    },
    clear: async () => {
      written(clear)
    },
    async close() {
      sql.close()
      sums.close()
      opened?.db.close()
      opened = undefined
    },
  }
}

type Reads = Pick<ViewStore, 'get' | 'getMany' | 'list' | 'find' | 'count' | 'changed' | 'due' | 'sizes'>

const reads = (use: <Result>(work: (opened: Opened) => Result) => Result): Reads => ({
  get: async (runId) => use(({ tables }) => tables.get(runId)),
  getMany: async (runIds) => use(({ tables }) => runIds.flatMap((runId) => tables.get(runId) ?? [])),
  list: async (page) => {
    checkRunPage(page)
    return use(({ db }) => list(db, page))
  },
  find: async (search, now) => {
    const query = searchQuery(search, now)
    return use(({ db }) => foundRuns(search, rowsOf(db, query)))
  },
  count: async (filter, now) => {
    const query = countQuery(filter, now)
    return use(({ db }) => runCounts(rowsOf(db, query)))
  },
  changed: async (which, now) => use(({ db }) => rowsOf(db, changedQuery(which, now)).map(foundRun)),
  due: async (now, limit) => {
    checkDue(now, limit)
    return use(({ db }) => db.prepare(DUE).all(now, now, limit).map(toRow))
  },
  sizes: async () => use(({ db }) => Object.fromEntries(viewTables.map(({ name }) => [name, sizeOf(db, name)]))),
})

const rowsOf = (db: DatabaseSync, { text, values }: QueryText): ViewRow[] => db.prepare(text).all(...values) as ViewRow[]

const DUE = `select row from (
  select row, due_at, position from refold_runs where due_at <= ?
  union all
  select child.row, coalesce(child.due_at, 0) as due_at, child.position from refold_runs child
    left join refold_runs parent on parent.run_id = child.parent_run_id
  where child.status = 'active' and child.parent_run_id is not null and child.problem is null and (child.due_at is null or child.due_at > ?)
    and parent.problem is null
    and not exists (select 1 from json_each(parent.row, '$.owed') call where call.key = child.parent_call_id)
) order by due_at, position limit ?`

const sizeOf = (db: DatabaseSync, table: string): number => Number(db.prepare(`select count(*) as size from ${table}`).get()?.['size'])

interface Opened {
  readonly db: DatabaseSync
  readonly state: SqliteViewState
  readonly tables: SqliteTables
}

const open = (path: string): Opened => {
  try {
    const db = openViewFile(path)
    return { db, state: sqliteViewState(db), tables: sqliteTables(db, '') }
  } catch (error) {
    throw unavailable(path, error)
  }
}

const checkFormat = (state: SqliteViewState): void => {
  const found = state.format()
  if (found === viewsFormat) return
  throw new AppError(
    'InvalidConfiguration',
    `expected views of format ${viewsFormat}, found ${String(found)}: another version of Refold began them anew while this one had them open. Run one version at a time on one store of views.`,
  )
}

const write = ({ state, tables }: Opened, batch: LogBatch | TopicBatch): boolean => {
  const isNext = 'topic' in batch ? state.advanceOffset(batch) : state.advanceCheckpoint(batch)
  if (isNext) tables.put(batch)
  return isNext
}

const clear = ({ db, state }: Opened): void => {
  for (const { name } of viewTables) db.exec(`delete from ${name}`)
  state.replaced({ checkpoint: undefined })
}

const list = (db: DatabaseSync, page: RunPage): RunRow[] => {
  const { text, values } = pageQuery(page)
  return db
    .prepare(`select row from refold_runs ${text}`)
    .all(...values)
    .map(toRow)
}

const unavailable = (path: string, cause: unknown): AppError =>
  new AppError('StoreUnavailable', `the views in ${path} cannot be read or written: ${messageOf(cause)}`, { retryable: true, cause })
