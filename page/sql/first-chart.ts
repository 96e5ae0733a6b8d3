import type { SqlResult } from '../server/contract.ts'
import { isRunIdColumn, momentOf } from './sql-text.ts'

export interface Series {
  readonly name: string
  /** By time. */
  readonly points: readonly (readonly [at: number, value: number])[]
}

export interface Bar {
  readonly label: string
  readonly value: number
}

/** What a result may look like: lines over time, or bars by name. */
export type FirstChart =
  | { readonly kind: 'lines'; readonly value: string; readonly series: readonly Series[] }
  | { readonly kind: 'bars'; readonly value: string; readonly bars: readonly Bar[] }

type Found = Pick<SqlResult, 'columns' | 'rows'>

const FEWEST_ROWS = 2
const MOST_ROWS = 5_000
const MOST_BARS = 20
const MOST_SERIES = 5
const OTHERS = 'all others'

const isNumeric = (type: string): boolean => type === 'integer' || type === 'real'

/** Columns that a chart can show the size of: numbers that are neither moments nor names. */
export const valueColumns = ({ columns, rows }: Found): readonly number[] => {
  const [first] = rows
  return columns.flatMap(({ name, type }, at) =>
    isNumeric(type) && momentOf(name, first?.[at]) === undefined && !/(^|_)(id|revision)$/i.test(name) ? [at] : [],
  )
}

/** Undefined where a table says it better. */
export const firstChart = (found: Found, value: number | undefined = valueColumns(found)[0]): FirstChart | undefined => {
  const { columns, rows } = found
  const [first] = rows
  if (first === undefined || value === undefined || rows.length < FEWEST_ROWS || rows.length > MOST_ROWS) return undefined
  const time = columns.findIndex(({ name }, at) => at !== value && momentOf(name, first[at]) !== undefined)
  const label = columns.findIndex(({ name, type }, at) => type === 'text' && at !== time && !isRunIdColumn(name))
  const name = columns[value]?.name ?? ''
  if (time >= 0) return { kind: 'lines', value: name, series: seriesOf(found, { time, label, value }) }
  const named = label >= 0 ? label : columns.findIndex(({ type }) => type === 'text')
  return named < 0 ? undefined : { kind: 'bars', value: name, bars: barsOf(found, named, value) }
}

const textOf = (value: SqlResult['rows'][number][number] | undefined): string => String(value ?? 'null')

const barsOf = ({ rows }: Found, label: number, value: number): readonly Bar[] =>
  rows.slice(0, MOST_BARS).flatMap((row) => (typeof row[value] === 'number' ? [{ label: textOf(row[label]), value: row[value] }] : []))

interface Places {
  readonly time: number
  /** Below zero where all rows are one line. */
  readonly label: number
  readonly value: number
}

/** The largest have a line each, the others one together. Rows of one line and one moment are summed. */
const seriesOf = ({ columns, rows }: Found, { time, label, value }: Places): readonly Series[] => {
  const byName = new Map<string, Map<number, number>>()
  for (const row of rows) {
    const at = momentOf(columns[time]?.name ?? '', row[time])
    const size = row[value]
    if (at === undefined || typeof size !== 'number') continue
    add(byName, label < 0 ? (columns[value]?.name ?? '') : textOf(row[label]), [[at, size]])
  }
  const total = (points: ReadonlyMap<number, number>): number => points.values().reduce((sum, each) => sum + Math.abs(each), 0)
  const bySize = [...byName].toSorted(([, a], [, b]) => total(b) - total(a))
  const shown = new Map(bySize.slice(0, bySize.length > MOST_SERIES ? MOST_SERIES - 1 : MOST_SERIES))
  for (const [, points] of bySize.slice(shown.size)) add(shown, OTHERS, points)
  return [...shown].map(([name, points]) => ({ name, points: [...points].toSorted(([a], [b]) => a - b) }))
}

const add = (byName: Map<string, Map<number, number>>, name: string, points: Iterable<readonly [number, number]>): void => {
  const known = byName.get(name) ?? new Map<number, number>()
  for (const [at, size] of points) known.set(at, (known.get(at) ?? 0) + size)
  byName.set(name, known)
}
