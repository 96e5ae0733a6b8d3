import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { RunRow } from '../projections/run-index.ts'
import { runRecord } from './run-record.ts'
import { sqliteUpsert, tableName, type Shadow } from './table-sql.ts'
import type { ViewTable } from './view-table.ts'
import { recordTables, runsTable } from './view-tables.ts'
import { touchedRuns } from './view-decision.ts'
import type { ViewChanges } from './view-store.ts'

/** The tables of the views, or of their shadow, with everything prepared. */
export interface SqliteTables {
  readonly put: (changes: ViewChanges) => void
  readonly get: (runId: string) => RunRow | undefined
}

export const sqliteTables = (db: DatabaseSync, shadow: Shadow): SqliteTables => {
  const putRun = putter(db, runsTable, shadow)
  const putRecord = Object.entries(recordTables).map(([name, table]) => ({
    name: name as keyof typeof recordTables,
    put: putter(db, table, shadow),
  }))
  const forgetters = Object.values(recordTables).map((table) =>
    db.prepare(`delete from ${tableName(table, shadow)} where run_id = ? and revision < ?`),
  )
  const deletedAt = db.prepare(`select revision from ${tableName(runsTable, shadow)} where run_id = ? and status = 'deleted'`)
  const byId = db.prepare(`select row from ${tableName(runsTable, shadow)} where run_id = ?`)
  return {
    put({ rows, records }) {
      for (const row of rows) putRun(runRecord(row))
      for (const { name, put } of putRecord) for (const record of records[name]) put(record)
      for (const runId of touchedRuns({ rows, records })) {
        const revision = deletedAt.get(runId)?.['revision']
        if (revision === undefined) continue
        // Zeroes what it frees.
        db.exec('pragma secure_delete = on')
        for (const forget of forgetters) forget.run(runId, revision)
        db.exec('pragma secure_delete = off')
      }
    },
    get: (runId) => byId.all(runId).map(toRow)[0],
  }
}

export const toRow = (record: Record<string, unknown>): RunRow => JSON.parse(String(record['row'])) as RunRow

const putter = (db: DatabaseSync, table: ViewTable, shadow: Shadow): ((record: object) => void) => {
  const statement: StatementSync = db.prepare(sqliteUpsert(table, shadow))
  const fields = table.columns.map(({ field }) => field)
  return (record) => {
    const values = record as Readonly<Record<string, SQLInputValue>>
    statement.run(...fields.map((field) => values[field] ?? null))
  }
}
