import type { RunRow } from '../../projections/run-index.ts'
import type { ViewRecords } from '../../projections/view-records.ts'
import { newestRecords, type NewestRecords } from '../newest-records.ts'
import { touchedRuns } from '../view-decision.ts'
import type { ViewChanges } from '../view-store.ts'

export interface MemoryTables {
  readonly rows: ReadonlyMap<string, RunRow>
  readonly records: () => ViewRecords
  readonly getMany: (runIds: readonly string[]) => RunRow[]
  readonly put: (changes: ViewChanges) => void
  /** How often something was put. */
  readonly puts: () => number
}

export const memoryTables = (): MemoryTables => {
  const rows = new Map<string, RunRow>()
  const newest: NewestRecords = newestRecords()
  let puts = 0
  return {
    rows,
    records: newest.all,
    getMany: (runIds) => runIds.flatMap((runId) => rows.get(runId) ?? []),
    put(changes) {
      for (const row of changes.rows) if (row.revision > (rows.get(row.runId)?.revision ?? -1)) rows.set(row.runId, row)
      newest.add(changes.records)
      for (const runId of touchedRuns(changes)) {
        const row = rows.get(runId)
        if (row?.status === 'deleted') newest.forget(runId, row.revision)
      }
      puts += 1
    },
    puts: () => puts,
  }
}
