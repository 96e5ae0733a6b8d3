import { oneLine } from '../projections/printable.ts'

export interface Column {
  readonly title: string
  readonly align?: 'right'
  /** The one column that gives way where a line does not fit. */
  readonly flexible?: true
  /** Applied after the cells were aligned, so that escape codes take no room. */
  readonly paint?: (text: string) => string
}

const GAP = '  '
const NARROWEST = 8

/** Lines of aligned columns, the titles first unless all are empty, none wider than `width`. */
export const textTable = (columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] => {
  const cells = rows.map((row) => columns.map((_, at) => oneLine(row[at] ?? '', Infinity)))
  const widths = fitted(columns, cells, width)
  const line = (texts: readonly string[], paints: boolean): string =>
    columns
      .map((column, at) => {
        const text = aligned(oneLine(texts[at] ?? '', widths[at] ?? 0), widths[at] ?? 0, column)
        const isLast = at === columns.length - 1
        const shown = isLast ? text.trimEnd() : text
        return paints && column.paint !== undefined ? column.paint(shown) : shown
      })
      .join(GAP)
      .trimEnd()
  const titles = columns.map(({ title }) => title)
  return [...(titles.every((title) => title === '') ? [] : [line(titles, false)]), ...cells.map((row) => line(row, true))]
}

const fitted = (columns: readonly Column[], cells: readonly (readonly string[])[], width: number): number[] => {
  const natural = columns.map(({ title }, at) => cells.reduce((widest, row) => Math.max(widest, lengthOf(row[at] ?? '')), lengthOf(title)))
  const total = natural.reduce((sum, each) => sum + each, 0) + GAP.length * (columns.length - 1)
  const flexible = columns.findIndex((column) => column.flexible)
  if (total <= width || flexible < 0) return natural
  return natural.map((each, at) => (at === flexible ? Math.max(Math.min(each, NARROWEST), each - (total - width)) : each))
}

const aligned = (text: string, width: number, { align }: Column): string => {
  const blanks = ' '.repeat(Math.max(0, width - lengthOf(text)))
  return align === 'right' ? blanks + text : text + blanks
}

const lengthOf = (text: string): number => Array.from(text).length
