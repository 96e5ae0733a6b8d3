/** A column of a view's table, the same in SQLite and Postgres. Times are ms since the epoch, yes and no are 1 and 0. */
export interface ViewColumn {
  readonly type: 'text' | 'integer' | 'real'
  readonly nullable: boolean
  /** What it means, for the documentation. */
  readonly about: string
}

export interface TableIndex {
  readonly columns: readonly string[]
  /** Only rows that fit. */
  readonly where?: string
}

export interface ViewTable {
  readonly name: string
  readonly about: string
  /** Columns; `run_id` stands first. */
  readonly key: readonly string[]
  readonly columns: readonly (ViewColumn & { readonly name: string; readonly field: string })[]
  readonly indexes: readonly TableIndex[]
}

/** A table with a column for each field of a record. Of two records of one key the one with the higher `revision` stays. */
export const tableOf = <Row extends { readonly runId: string; readonly revision: number }>({
  name,
  about,
  key,
  columns,
  indexes = [],
}: {
  readonly name: string
  readonly about: string
  readonly key: readonly (keyof Row & string)[]
  readonly columns: { readonly [Field in keyof Row & string]: ViewColumn }
  readonly indexes?: readonly TableIndex[]
}): ViewTable => ({
  name,
  about,
  key: key.map(columnName),
  columns: Object.entries<ViewColumn>(columns).map(([field, column]) => ({ ...column, name: columnName(field), field })),
  indexes,
})

/** `costMicroUsd` is `cost_micro_usd`. */
export const columnName = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** And back. */
export const fieldName = (column: string): string => column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

export const text = (about: string): ViewColumn => ({ type: 'text', nullable: false, about })
export const integer = (about: string): ViewColumn => ({ type: 'integer', nullable: false, about })
export const real = (about: string): ViewColumn => ({ type: 'real', nullable: false, about })
export const optional = (column: ViewColumn): ViewColumn => ({ ...column, nullable: true })
