import type { QueryColumn } from './view-query.ts'
import type { ViewRow, ViewValue } from './view-queries.ts'
import { fieldName } from './view-table.ts'

/** A row of a view as JSON, over HTTP and on the command line: its columns, named as fields, and what is yes or no as such. */
export const viewObject = (columns: readonly QueryColumn[], row: ViewRow): Readonly<Record<string, ViewValue | boolean>> =>
  Object.fromEntries(
    columns.map(({ name, kind }) => {
      const value = row[name] ?? null
      return [fieldName(name), kind === 'yes' && value !== null ? value === 1 : value]
    }),
  )
