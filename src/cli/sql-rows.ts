import type { SqlColumn, SqlResult, SqlType, SqlValue } from '../views/sql-query.ts'
import { csvLine } from '../projections/csv-line.ts'
import { textTable } from './text-table.ts'

/** Titles as the query names them, numbers to the right. */
export const sqlTable = ({ columns, rows }: Pick<SqlResult, 'columns' | 'rows'>, width: number): string[] => {
  const flexible = columns.findLastIndex(({ type }) => !isNumber(type))
  return textTable(
    columns.map(({ name, type }, at) => ({
      title: name,
      ...(isNumber(type) ? { align: 'right' as const } : {}),
      ...(at === flexible ? { flexible: true as const } : {}),
    })),
    rows.map((row) => row.map((value) => String(value ?? ''))),
    width,
  )
}

const isNumber = (type: SqlType): boolean => type === 'integer' || type === 'real'

/** RFC 4180, with the names of the columns first, which are somebody's text too; nothing where a value is null. */
export const sqlCsv = ({
  columns,
  rows,
}: {
  readonly columns: readonly SqlColumn[]
  readonly rows: readonly (readonly SqlValue[])[]
}): string[] => [csvLine(columns.map(({ name }) => name)), ...rows.map(csvLine)]
