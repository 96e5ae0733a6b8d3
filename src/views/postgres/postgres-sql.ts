import { Client, types, type Pool, type QueryArrayResult } from 'pg'
import type { Duplex } from 'node:stream'
import { AppError, isAppError, messageOf } from '../../errors.ts'
import {
  nobodyWaits,
  queryTooLong,
  sqlLimits,
  type SqlColumn,
  type SqlQuery,
  type SqlResult,
  type SqlType,
  type SqlValue,
} from '../sql-query.ts'
import { boundedQueries } from '../sql-slots.ts'
import { viewTables } from '../view-tables.ts'
import { grantSql, standingOf, type SqlRole } from './sql-roles.ts'
import { checkPostgresText } from './sql-text.ts'

/** Who asks Postgres in SQL. */
export interface PostgresSqlOptions {
  /** Of the server of the views, with the role that sees the runs of everybody. */
  readonly address: string
  /** By tenant, a role that sees its runs alone; with the password in `address`. */
  readonly roles: Readonly<Record<string, string>>
}

/** Answers queries in connections of their own, by roles that can read the tables of the views and nothing else. */
export const postgresSql = (pool: Pool, options: PostgresSqlOptions | undefined): ((query: SqlQuery) => Promise<SqlResult>) =>
  boundedQueries(async (query) => {
    const { role, address } = whoAsks(options, query.tenant)
    checkPostgresText(query)
    const began = performance.now()
    for (let grants = 0; ; grants++) {
      const found = await answer(query, address, role)
      if (found !== 'lacking') return { ...found, durationMs: Math.round(performance.now() - began) }
      if (grants === 2) throw new AppError('StoreUnavailable', 'The tables of the views are being replaced', { retryable: true })
      await grantSql(pool, role)
    }
  })

const whoAsks = (
  options: PostgresSqlOptions | undefined,
  tenant: string | undefined,
): { readonly role: SqlRole; readonly address: string } => {
  if (options === undefined) {
    throw new AppError(
      'NotPossible',
      'Views in Postgres are asked in SQL by a role that can only read them: name one in REFOLD_POSTGRES_SQL',
    )
  }
  const url = new URL(options.address)
  if (tenant === undefined) return { role: { name: decodeURIComponent(url.username), tenant }, address: options.address }
  const name = Object.hasOwn(options.roles, tenant) ? options.roles[tenant] : undefined
  if (name === undefined) {
    throw new AppError(
      'NotPossible',
      `Views in Postgres are asked in SQL for the tenant ${tenant} by a role of its own, and none is configured`,
    )
  }
  url.username = encodeURIComponent(name)
  return { role: { name, tenant }, address: url.href }
}

type Found = Omit<SqlResult, 'durationMs'>

const CONNECT_WITHIN_MS = 10_000
/** Longer than the server takes to end a query by itself. */
const GRACE_MS = 50

const answer = async (query: SqlQuery, address: string, role: SqlRole): Promise<Found | 'lacking'> => {
  const client = new Client({ connectionString: address, connectionTimeoutMillis: CONNECT_WITHIN_MS, application_name: 'refold sql' })
  let ended: AppError | undefined
  const end = (why: AppError): void => {
    ended ??= why
    streamOf(client).destroy()
  }
  client.on('error', () => undefined)
  let deadline: NodeJS.Timeout | undefined
  const giveUp = (): void => end(nobodyWaits())
  query.signal?.addEventListener('abort', giveUp)
  try {
    await client.connect()
    deadline = setTimeout(end, query.timeoutMs + GRACE_MS, queryTooLong(query.timeoutMs))
    let bytes = 0
    streamOf(client).on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > MOST_RECEIVED) end(new AppError('TooLarge', 'Expected rows that fit into memory, found larger ones'))
    })
    return await ask(client, query, role)
  } catch (error) {
    throw ended ?? whyNot(error, query)
  } finally {
    clearTimeout(deadline)
    query.signal?.removeEventListener('abort', giveUp)
    // The connection goes with whatever the query may have set in it.
    void client.end().catch(() => undefined)
  }
}

/** An answer, and a part of it that went beyond. */
const MOST_RECEIVED = 3 * sqlLimits.bytes

/** The client reads a row whole, however long it is, so what comes in is counted before that. */
const streamOf = (client: Client): Duplex => (client as unknown as { readonly connection: { readonly stream: Duplex } }).connection.stream

type Fetched = QueryArrayResult<(string | null)[]>

const ask = async (client: Client, query: SqlQuery, role: SqlRole): Promise<Found | 'lacking'> => {
  const until = performance.now() + query.timeoutMs
  const inTime = (): string => `set local statement_timeout = ${Math.max(1, Math.ceil(until - performance.now()))}`
  await client.query(`begin read only; ${inTime()}; set local standard_conforming_strings = on; set local row_security = on`)
  if ((await heldAndReady(client, role)) === 'lacking') return 'lacking'
  // Prepared, so that it is one statement; and only one that reads has a cursor.
  const begun = { text: `declare refold_answer no scroll cursor for ${query.sql}`, values: [...query.parameters], queryMode: 'extended' }
  await client.query(begun)
  return rowsOf(query.limit, async (count) => {
    const text = `${inTime()}; fetch forward ${count} from refold_answer`
    const found: unknown = await client.query({ text, rowMode: 'array', types: asTexts })
    return (found as readonly [unknown, Fetched])[1]
  })
}

/** No rebuild changes the places of the tables between the look at what holds for them and the query. */
const heldAndReady = async (client: Client, role: SqlRole): Promise<'ready' | 'lacking'> => {
  try {
    await client.query(`lock table ${viewTables.map(({ name }) => name).join(', ')} in access share mode`)
  } catch (error) {
    if (['42501', '42P01'].includes(codeOf(error) ?? '')) return 'lacking'
    throw error
  }
  return standingOf(client, role)
}

const FIRST_ROWS = 50
/** Of the rows that are read at one time. */
const BATCH_BYTES = 512 * 1024

const rowsOf = async (limit: number, fetch: (count: number) => Promise<Fetched>): Promise<Found> => {
  const rows: SqlValue[][] = []
  let columns: readonly SqlColumn[] = []
  let bytes = 0
  for (let count = FIRST_ROWS; ;) {
    const { fields, rows: found } = await fetch(count)
    columns = fields.map(({ name, dataTypeID }) => ({ name, type: typeOf(dataTypeID) }))
    for (const texts of found) {
      const row = texts.map((text, at) => (text === null ? null : valueOf(columns[at]?.type ?? 'text', text)))
      bytes += Buffer.byteLength(JSON.stringify(row))
      if (rows.length === limit) return { columns, rows, cut: 'rows' }
      if (bytes > sqlLimits.bytes) return { columns, rows, cut: 'bytes' }
      rows.push(row)
    }
    if (found.length < count) return { columns, rows, cut: null }
    const usual = Math.max(1, bytes / rows.length)
    count = Math.max(1, Math.min(limit + 1 - rows.length, Math.floor(BATCH_BYTES / usual)))
  }
}

const asTexts = { getTypeParser: () => (text: string) => text } as unknown as typeof types

const { BOOL, BYTEA, INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC } = types.builtins

const TYPES: ReadonlyMap<number, SqlType> = new Map<number, SqlType>([
  [BOOL, 'boolean'],
  [BYTEA, 'blob'],
  [INT2, 'integer'],
  [INT4, 'integer'],
  [INT8, 'integer'],
  [FLOAT4, 'real'],
  [FLOAT8, 'real'],
  [NUMERIC, 'real'],
])

const typeOf = (oid: number): SqlType => TYPES.get(oid) ?? 'text'

const valueOf = (type: SqlType, text: string): SqlValue => {
  if (type === 'boolean') return text === 't'
  if (type !== 'integer' && type !== 'real') return text
  const value = Number(text)
  if (type === 'integer') return Number.isSafeInteger(value) ? value : text
  // A sum of whole numbers is numeric, and has digits beyond 2^53 where it is above.
  return Number.isFinite(value) && (text.includes('.') || Number.isSafeInteger(value) || !/^-?\d+$/.test(text)) ? value : text
}

const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined

/** Ended at its time; also by a lock that was waited for. */
const TOO_LONG: ReadonlySet<string | undefined> = new Set(['57014', '55P03', '25P04'])
/** What is wrong with the connection or the server, and passes. */
const UNAVAILABLE = /^(08|53|57|58|XX|E[A-Z]+$|28)/

const whyNot = (error: unknown, { timeoutMs }: SqlQuery): AppError => {
  if (isAppError(error)) return error
  const code = codeOf(error)
  if (TOO_LONG.has(code)) return queryTooLong(timeoutMs)
  if (code === undefined || UNAVAILABLE.test(code)) {
    return new AppError('StoreUnavailable', `Postgres cannot be asked in SQL: ${messageOf(error)}`, { retryable: true, cause: error })
  }
  return new AppError('InvalidInput', `The query cannot be answered: ${messageOf(error)}`)
}
