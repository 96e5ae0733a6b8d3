import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { RunRow } from '../projections/run-index.ts'

/** The rows of a view store, one by one. */
export interface RunRows {
  /** Of two rows of a run the one with the higher revision stays. */
  readonly put: (row: RunRow) => void
  readonly get: (runId: string) => RunRow | undefined
}

const UPSERT = `
insert into runs (run_id, revision, position, status, agent, waits_for, tenant, due_at, row) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (run_id) do update set
  revision = excluded.revision, position = excluded.position, status = excluded.status, agent = excluded.agent,
  waits_for = excluded.waits_for, tenant = excluded.tenant, due_at = excluded.due_at, row = excluded.row
where excluded.revision > runs.revision
`

export const runRows = (db: DatabaseSync): RunRows => {
  const upsert = db.prepare(UPSERT)
  const byId = db.prepare('select row from runs where run_id = ?')
  return {
    put: (row) => upsert.run(...columnsOf(row)),
    get: (runId) => byId.all(runId).map(toRow)[0],
  }
}

const columnsOf = (row: RunRow): SQLInputValue[] => {
  const { runId, revision, position, status, agent, waitsFor, tenant = null } = row
  return [runId, revision, position, status, agent, waitsFor, tenant, dueAt(row), JSON.stringify(row)]
}

const dueAt = (row: RunRow): number | null => (row.status === 'active' && row.problem === undefined ? row.attentionAt : null)

export const toRow = (record: Record<string, unknown>): RunRow => JSON.parse(String(record['row'])) as RunRow
