import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { messageOf } from '../errors.ts'
import {
  parameterProblem,
  sqlLimits,
  type SqlColumn,
  type SqlParameter,
  type SqlQuery,
  type SqlResult,
  type SqlType,
  type SqlValue,
} from './sql-query.ts'
import { restrictToViews, type Denied } from './sqlite-sql-rights.ts'
import { viewTables } from './view-tables.ts'

/** A file, or the bytes of one that lies in memory. */
export type SqlSource = { readonly path: string } | { readonly bytes: Uint8Array }

export type SqlOutcome = SqlResult | { readonly refused: 'InvalidInput' | 'TooLarge' | 'StoreUnavailable'; readonly message: string }

/** Answers one query, or says why not. Never throws. */
export const answerSql = (source: SqlSource, query: SqlQuery): SqlOutcome => {
  const began = performance.now()
  let denied: Denied = () => undefined
  try {
    requireOneQuery(query)
    using db = open(source)
    denied = restrictToViews(db, query.tenant)
    return { ...rowsOf(db, query), durationMs: Math.round(performance.now() - began) }
  } catch (error) {
    if (error instanceof Refused) return { refused: 'InvalidInput', message: error.message }
    return whyNot(error, denied())
  }
}

class Refused extends Error {
  override readonly name = 'Refused'
}

const LIMITS = { length: sqlLimits.bytes, sqlLength: 4 * sqlLimits.textLength, column: 500, attach: 0 }

const open = (source: SqlSource): DatabaseSync => {
  const db =
    'path' in source
      ? new DatabaseSync(source.path, { readOnly: true, timeout: BUSY_MS, limits: LIMITS })
      : new DatabaseSync(':memory:', { limits: LIMITS })
  if ('bytes' in source) db.deserialize(source.bytes)
  // What is sorted or kept for later stays in memory, which is bounded, and comes to no disk.
  db.exec('pragma temp_store = memory; pragma mmap_size = 0; pragma trusted_schema = off')
  return db
}

const BUSY_MS = 250

const READS = /(?:select|with|values)\b/iy
const BLANK = /[\s;]+|--[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|$)/y

/** Where what says something begins. */
const behindBlanks = (text: string, from: number): number => {
  let at = from
  BLANK.lastIndex = at
  while (BLANK.test(text)) at = BLANK.lastIndex
  return at
}

const reads = (sql: string): boolean => {
  READS.lastIndex = behindBlanks(sql, 0)
  return READS.test(sql)
}

/** Texts, names, comments, and in the last group what stands for a parameter. */
const PARTS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[^]*?(?:\*\/|$)|[\w\u0080-\uffff]+\$*|([?$:@#][\w$]*)/g

const requireOneQuery = ({ sql, parameters }: SqlQuery): void => {
  // EXPLAIN would tell how the tables of a tenant are made.
  if (!reads(sql)) throw new Refused('Expected a statement that begins with SELECT, WITH or VALUES, found another')
  const named = new Set([...sql.matchAll(PARTS)].flatMap(([, name]) => name ?? []))
  const wrong = [...named].find((name) => !/^\$[1-9]\d{0,2}$/.test(name))
  if (wrong !== undefined) throw new Refused(`Expected parameters as $1, $2 …, found ${wrong}`)
  const highest = Math.max(0, ...[...named].map((name) => Number(name.slice(1))))
  const problem = parameterProblem(highest, parameters.length)
  if (problem !== undefined) throw new Refused(problem)
}

const rowsOf = (db: DatabaseSync, { sql, parameters, limit }: SqlQuery): Omit<SqlResult, 'durationMs'> => {
  const statement = db.prepare(sql)
  if (behindBlanks(sql, statement.sourceSQL.length) < sql.length) throw new Refused('Expected one statement, found another behind it')
  statement.setReturnArrays(true)
  statement.setReadBigInts(true)
  statement.setAllowUnknownNamedParameters(true)
  const columns = statement.columns().map(({ name }): { readonly name: string; type: SqlType } => ({ name, type: 'null' }))
  const rows: SqlValue[][] = []
  let bytes = 0
  let cut: SqlResult['cut'] = null
  for (const found of statement.iterate(valuesOf(parameters)) as Iterable<unknown>) {
    const row = (found as unknown[]).map(valueOf)
    bytes += Buffer.byteLength(JSON.stringify(row))
    if (rows.length === limit) cut = 'rows'
    else if (bytes > sqlLimits.bytes) cut = 'bytes'
    if (cut !== null) break
    rows.push(row)
    for (const [at, column] of columns.entries()) column.type = together(column.type, typeOf((found as unknown[])[at]))
  }
  return { columns: columns satisfies SqlColumn[], rows, cut }
}

const valuesOf = (parameters: readonly SqlParameter[]): Record<string, SQLInputValue> =>
  Object.fromEntries(parameters.map((value, at) => [`$${at + 1}`, bound(value)]))

const bound = (value: SqlParameter): SQLInputValue => {
  if (typeof value === 'boolean') return value ? 1n : 0n
  return Number.isSafeInteger(value) ? BigInt(value as number) : value
}

const valueOf = (value: unknown): SqlValue => {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  return typeof value === 'string' ? value.toWellFormed() : null
}

const typeOf = (value: unknown): SqlType => {
  if (value === null) return 'null'
  if (typeof value === 'bigint') return 'integer'
  if (typeof value === 'number') return 'real'
  return typeof value === 'string' ? 'text' : 'blob'
}

const together = (one: SqlType, other: SqlType): SqlType => {
  if (one === other || other === 'null') return one
  if (one === 'null') return other
  return ['integer', 'real'].includes(one) && ['integer', 'real'].includes(other) ? 'real' : 'mixed'
}

const BUSY = 5
const NO_MEMORY = 7
const UNREADABLE: ReadonlySet<unknown> = new Set([BUSY, 6, 8, 10, 11, 14, 26])
const TOO_BIG = 18

const whyNot = (error: unknown, denied: string | undefined): SqlOutcome => {
  const code = typeof error === 'object' && error !== null && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
  const tables = viewTables.map(({ name }) => name).join(', ')
  if (denied !== undefined) {
    return { refused: 'InvalidInput', message: `Expected a query of the tables ${tables}, found one that ${denied}` }
  }
  if (code === NO_MEMORY || code === TOO_BIG) {
    return { refused: 'TooLarge', message: `Expected a query that needs less memory, found one that was stopped: ${messageOf(error)}` }
  }
  if (UNREADABLE.has(code)) return { refused: 'StoreUnavailable', message: `the views cannot be read: ${messageOf(error)}` }
  const problem = `The query cannot be answered: ${messageOf(error)}`
  return { refused: 'InvalidInput', message: problem.includes('no such table') ? `${problem}. The tables are ${tables}` : problem }
}
