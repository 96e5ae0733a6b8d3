import { types, type Pool } from 'pg'
import { AppError, isAppError, messageOf } from '../../errors.ts'
import { postgresSql, type PostgresSqlOptions } from './postgres-sql.ts'
import { beginPostgresShadow, type PostgresTransaction, type PostgresUse } from './shadow.ts'
import { putChanges, readRows } from './tables.ts'
import { inPostgresTransaction } from './transaction.ts'
import { advanceCheckpoint, advanceOffset, makeTables, readState, readTopicState, writeReplaced } from './view-state.ts'
import { viewsClosed } from '../view-decision.ts'
import { isComparable } from '../../events/comparable.ts'
import { checkDue, checkRunPage, pageQuery } from '../run-filter.ts'
import { changedQuery, countQuery, foundRun, foundRuns, runCounts, searchQuery } from '../run-search.ts'
import { queryTooLong } from '../sql-query.ts'
import { LONGEST_QUERY_MS, pageOf, queryText, type QueryText, type ViewRow } from '../view-queries.ts'
import type { ViewStore } from '../view-store.ts'
import { viewTables } from '../view-tables.ts'

/**
 * The views in Postgres, for as many processes on as many machines as there are. Tables of another format are replaced, since the
 * projector fills them again. The pool stays the caller's. `asking` is who asks in SQL, `longestQueryMs` after how long the server ends a query
 * over the rows of all runs.
 */
export const postgresViewStore = async (pool: Pool, asking?: PostgresSqlOptions, longestQueryMs = LONGEST_QUERY_MS): Promise<ViewStore> => {
  await guarded(() => inPostgresTransaction(pool, makeTables))
  let closed = false
  const use: PostgresUse = async (work) => {
    if (closed) throw viewsClosed()
    return guarded(() => work(pool))
  }
  const sql = postgresSql(pool, asking)
  const transaction: PostgresTransaction = (work) => use(() => inPostgresTransaction(pool, work))

  return {
    checkpoint: () => use(async () => (await readState(pool)).checkpoint),
    apply: (batch) =>
      transaction(async (client) => {
        const isNext = 'topic' in batch ? await advanceOffset(client, batch) : await advanceCheckpoint(client, batch)
        if (isNext) await putChanges(client, batch, '')
        return isNext
      }),
    topicState: (topic) => use(() => readTopicState(pool, topic)),
    beginRebuild: () => beginPostgresShadow(use, transaction),
    ...reads(use, inTime(transaction, longestQueryMs)),
    sql: (query) => use(() => sql(query)),
    pausedSince: () => use(async () => (await readState(pool)).pausedSince),
    setPaused: (since) =>
      use(async () => {
        await pool.query('update refold_view_state set paused_since = $1', [since ?? null])
      }),
    clear: () =>
      transaction(async (client) => {
        await readState(client, 'for update')
        for (const { name } of viewTables) await client.query(`delete from ${name}`)
        await writeReplaced(client, { checkpoint: undefined })
      }),
    close() {
      closed = true
      return Promise.resolve()
    },
  }
}

const DUE = `where due_at <= $1 or (
  status = 'active' and parent_run_id is not null and problem is null
    and not exists (
      select 1 from refold_runs parent where parent.run_id = refold_runs.parent_run_id
        and (parent.problem is not null or jsonb_exists(parent.row::jsonb -> 'owed', refold_runs.parent_call_id))
    )
) order by coalesce(due_at, 0), position limit $2`

type Reads = Pick<ViewStore, 'get' | 'getMany' | 'list' | 'find' | 'count' | 'changed' | 'due' | 'query' | 'sizes'>

const reads = (use: PostgresUse, rowsOf: RowsOf): Reads => ({
  get: async (runId) => (await readMany(use, [runId]))[0],
  getMany: (runIds) => readMany(use, runIds),
  list: async (page) => {
    checkRunPage(page)
    const { text, values } = pageQuery(page)
    return use((pool) => readRows(pool, numbered(text), values))
  },
  find: async (search, now) => foundRuns(search, await rowsOf(searchQuery(search, now))),
  count: async (filter, now) => runCounts(await rowsOf(countQuery(filter, now))),
  changed: async (which, now) => (await rowsOf(changedQuery(which, now))).map(foundRun),
  due: async (now, limit) => {
    checkDue(now, limit)
    return use((pool) => readRows(pool, DUE, [now, limit]))
  },
  query: async (view, filter, now) => {
    const query = queryText(view, filter, now)
    return pageOf(view, filter, await rowsOf(query))
  },
  sizes: () =>
    use(async (pool) => {
      const counts = viewTables.map(({ name }) => `select '${name}' as name, count(*) as n from ${name}`)
      const { rows } = await pool.query<{ name: string; n: string }>(counts.join(' union all '))
      return Object.fromEntries(rows.map(({ name, n }) => [name, Number(n)]))
    }),
})

type RowsOf = (query: QueryText) => Promise<ViewRow[]>

/** The server itself ends what takes too long: whoever has asked may be gone. */
const inTime =
  (transaction: PostgresTransaction, longestMs: number): RowsOf =>
  ({ text, values }) =>
    transaction(async (client) => {
      await client.query(`set transaction read only; set local statement_timeout = ${longestMs}`)
      try {
        const { rows } = await client.query<ViewRow>({ text: numbered(text), values: [...values], types: asNumbers })
        return rows
      } catch (error) {
        throw isEndedByTime(error) ? queryTooLong(longestMs) : error
      }
    })

const isEndedByTime = (error: unknown): boolean => typeof error === 'object' && error !== null && 'code' in error && error.code === '57014'

/** No run has an id that Postgres cannot compare. */
const readMany = (use: PostgresUse, runIds: readonly string[]) =>
  use((pool) => readRows(pool, 'where run_id = any($1)', [runIds.filter(isComparable)]))

const guarded = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work()
  } catch (cause) {
    if (isAppError(cause)) throw cause
    throw new AppError('StoreUnavailable', `the views in Postgres cannot be read or written: ${messageOf(cause)}`, {
      retryable: true,
      cause,
    })
  }
}

/** `?` as `$1`, `$2` … */
const numbered = (text: string): string => {
  let count = 0
  return text.replace(/\?/g, () => `$${++count}`)
}

const WIDE_NUMBERS: ReadonlySet<number> = new Set<number>([types.builtins.INT8, types.builtins.NUMERIC])

/** Sums and 64-bit integers, which Postgres hands out as text: here they are all below 2^53. */
const asNumbers = {
  getTypeParser: ((oid: Parameters<typeof types.getTypeParser>[0], format?: 'text') =>
    WIDE_NUMBERS.has(oid) ? Number : (types.getTypeParser(oid, format) as unknown)) as typeof types.getTypeParser,
}
