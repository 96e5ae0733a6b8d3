import { count, duration, money } from '../projections/amount-text.ts'
import type { ColumnKind, QueryColumn } from '../views/view-query.ts'
import type { ViewRow, ViewValue } from '../views/view-queries.ts'
import { moment } from './amounts.ts'
import { csvLine } from '../projections/csv-line.ts'
import { textTable, type Column } from './text-table.ts'

/** The columns of a view that a person scans for. */
export const viewTable = (columns: readonly QueryColumn[], rows: readonly ViewRow[], width: number): string[] => {
  const shown = columns.filter(({ aside }) => aside === undefined)
  const flexible = shown.findLast(({ kind }) => kind === 'text')
  return textTable(
    shown.map((column): Column => ({
      title: titleOf(column),
      ...(isAmount(column.kind) ? { align: 'right' } : {}),
      ...(column === flexible ? { flexible: true } : {}),
    })),
    rows.map((row) => shown.map(({ name, kind }) => cellText(kind, row[name] ?? null))),
    width,
  )
}

const titleOf = ({ name, kind }: QueryColumn): string => {
  const words = name.replace(/_(ms|micro_usd)$/, '').replaceAll('_', ' ')
  return kind === 'time' ? `${words} (UTC)`.toUpperCase() : words.toUpperCase()
}

const isAmount = (kind: ColumnKind): boolean => kind === 'count' || kind === 'duration' || kind === 'money'

const cellText = (kind: ColumnKind, value: ViewValue): string => {
  if (value === null) return ''
  if (typeof value === 'string') return value
  switch (kind) {
    case 'time':
      return moment(value).replace(' UTC', '')
    case 'duration':
      return duration(value)
    case 'money':
      return money(value)
    case 'yes':
      return value === 1 ? 'yes' : 'no'
    default:
      return count(value)
  }
}

/**
 * RFC 4180, with the names of the columns first. Values are as in the tables: ms since the epoch, millionths of a US dollar.
 */
export const csvLines = (columns: readonly QueryColumn[], rows: readonly ViewRow[]): string[] => [
  csvLine(columns.map(({ name }) => name)),
  ...rows.map((row) => csvLine(columns.map(({ name }) => row[name] ?? null))),
]
