import { AppError } from '../errors.ts'

/** What the text of a query may hold as `$1`, `$2` … */
export type SqlParameter = string | number | boolean | null

/** A question to the tables of the views in the asker's own words. */
export interface SqlQuery {
  /** One statement that only reads. */
  readonly sql: string
  readonly parameters: readonly SqlParameter[]
  /** Whose runs are seen; those of everybody without one. */
  readonly tenant: string | undefined
  /** From when a process or connection has taken it up. */
  readonly timeoutMs: number
  /** Rows. */
  readonly limit: number
  /** Whoever has asked wants no answer any more: the query is ended at once. */
  readonly signal?: AbortSignal | undefined
}

/** As it is chosen by whoever asks; what is left out has its default. */
export interface SqlOptions {
  readonly parameters?: readonly SqlParameter[] | undefined
  /** Whose runs are seen; those of everybody without one. */
  readonly tenant?: string | undefined
  /** 1,000 by default, 5,000 at most. */
  readonly timeoutMs?: number | undefined
  /** Rows; 10,000 by default, and at most. */
  readonly limit?: number | undefined
}

/** A whole number beyond 2^53 is its digits, what is no number its name (`NaN`, `Infinity`), and bytes are `\x` and their hexadecimal digits. */
export type SqlValue = string | number | boolean | null

/** `mixed` where its values are of several types, `null` where it has none. */
export type SqlType = 'integer' | 'real' | 'text' | 'blob' | 'boolean' | 'mixed' | 'null'

/** Several of one result may have one name. */
export interface SqlColumn {
  readonly name: string
  readonly type: SqlType
}

export interface SqlResult {
  readonly columns: readonly SqlColumn[]
  /** Values in the order of the columns. */
  readonly rows: readonly (readonly SqlValue[])[]
  /** Which bound has cut the rows that follow off; null where these are all. */
  readonly cut: 'rows' | 'bytes' | null
  readonly durationMs: number
}

export const sqlLimits = {
  /** UTF-16 units. */
  textLength: 64 * 1024,
  parameters: 100,
  /** UTF-16 units. */
  parameterLength: 64 * 1024,
  timeoutMs: { usual: 1_000, most: 5_000 },
  rows: 10_000,
  /** Of rows as JSON. */
  bytes: 8 * 1024 * 1024,
  /** At one time, in each process. */
  queries: 2,
} as const

/** What is wrong where `$1` … `$highest` do not have a value each. */
export const parameterProblem = (highest: number, given: number): string | undefined =>
  highest === given
    ? undefined
    : `Expected a value for each parameter, ${highest === 0 ? 'of which there is none' : `$1 to $${highest}`}, found ${given}`

export const nobodyWaits = (): AppError => new AppError('Closed', 'Whoever has asked in SQL does not wait for an answer any more')

export const tooManyQueries = (): AppError =>
  new AppError('TooManyQueries', `Expected ${sqlLimits.queries} queries in SQL at one time at most, one of each tenant, found more`, {
    retryable: true,
  })

export const queryTooLong = (ms: number): AppError =>
  new AppError('QueryTooLong', `Expected a query that answers within ${ms} ms, found one that does not`, { details: { timeoutMs: ms } })
