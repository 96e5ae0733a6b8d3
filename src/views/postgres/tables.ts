import type { PoolClient } from 'pg'
import type { RunRow } from '../../projections/run-index.ts'
import { runRecord } from '../run-record.ts'
import { postgresUpsert, tableName, type Shadow } from '../table-sql.ts'
import type { ViewTable } from '../view-table.ts'
import { recordTables, runsTable } from '../view-tables.ts'
import { touchedRuns } from '../view-decision.ts'
import type { ViewChanges } from '../view-store.ts'

type Client = Pick<PoolClient, 'query'>

/** In one statement a table. */
export const putChanges = async (client: Client, { rows, records }: ViewChanges, shadow: Shadow): Promise<void> => {
  await putRecords(client, runsTable, rows.map(runRecord), shadow)
  for (const [name, table] of Object.entries(recordTables)) {
    await putRecords(client, table, records[name as keyof typeof recordTables], shadow)
  }
  const touched = touchedRuns({ rows, records }).map(keepable)
  if (touched.length === 0) return
  const runs = tableName(runsTable, shadow)
  const found = await client.query(`select 1 from ${runs} where status = 'deleted' and run_id = any($1::text[]) limit 1`, [touched])
  if (found.rows.length === 0) return
  for (const table of Object.values(recordTables)) {
    const name = tableName(table, shadow)
    const ofDeleted = `run_id = any($1::text[]) and r.run_id = ${name}.run_id and r.status = 'deleted' and ${name}.revision < r.revision`
    await client.query(`delete from ${name} using ${runs} r where ${name}.${ofDeleted}`, [touched])
  }
}

const putRecords = async (client: Client, table: ViewTable, records: readonly object[], shadow: Shadow): Promise<void> => {
  if (records.length === 0) return
  const columns = table.columns.map(({ field }) => records.map((record) => keepable((record as Readonly<Record<string, unknown>>)[field])))
  await client.query(postgresUpsert(table, shadow), columns)
}

/** Postgres keeps no NUL in a text: one id with it must not keep all that comes behind it from the views. */
const keepable = (value: unknown): unknown => (typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value)

/** In no order. `which` is what follows `select row from <runs>`. */
export const readRows = async (client: Client, which: string, values: readonly unknown[], shadow: Shadow = ''): Promise<RunRow[]> => {
  const { rows } = await client.query<{ row: string }>(`select row from ${tableName(runsTable, shadow)} ${which}`, [...values])
  return rows.map(({ row }) => JSON.parse(row) as RunRow)
}
