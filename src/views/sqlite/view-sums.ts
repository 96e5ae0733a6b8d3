import type { DatabaseSync } from 'node:sqlite'
import type { SqliteSql } from '../sqlite-sql.ts'
import { LONGEST_QUERY_MS, viewSql, type ViewFilter, type ViewName, type ViewRow } from '../view-queries.ts'

/** Sums over a file of this size take less than a process to start, bytes. */
const SMALL_FILE = 8 * 1024 * 1024

const SIZE = 'select page_count * page_size as bytes from pragma_page_count, pragma_page_size'

/** Whether a query over all rows of a view would hold up whoever asks in this process. */
export const isLarge = (db: DatabaseSync): boolean => Number(db.prepare(SIZE).get()?.['bytes']) > SMALL_FILE

/** The rows of a view, one more than its limit, computed where it can be killed. Rejects with what {@link SqliteSql.ask} does. */
export const summedElsewhere = async (sql: SqliteSql, view: ViewName, filter: ViewFilter, now: number): Promise<ViewRow[]> => {
  const { columns, rows } = await sql.ask({
    sql: viewSql(view, filter, now),
    parameters: [],
    // That of the filter stands in the query, which is ours.
    tenant: undefined,
    timeoutMs: LONGEST_QUERY_MS,
    limit: filter.limit + 1,
  })
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, at) => [name, row[at]])) as ViewRow)
}
