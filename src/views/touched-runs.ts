import { recordTables } from './view-tables.ts'
import type { ViewChanges } from './view-store.ts'

/** Of deleted runs no record is kept, not even one that another process brings late: these are the runs to look at. */
export const touchedRuns = ({ rows, records }: ViewChanges): readonly string[] => {
  const deleted = rows.filter(({ status }) => status === 'deleted').map(({ runId }) => runId)
  const names = Object.keys(recordTables) as (keyof typeof recordTables)[]
  return [...new Set([...deleted, ...names.flatMap((name) => records[name].map(({ runId }) => runId))])]
}
