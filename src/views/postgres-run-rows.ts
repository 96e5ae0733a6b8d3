import type { PoolClient } from 'pg'
import type { RunRow } from '../projections/run-index.ts'

export const RUNS_TABLE = 'refold_runs'

/** Of two rows of a run the one with the higher revision stays. */
export const putRows = async (client: Pick<PoolClient, 'query'>, table: string, rows: readonly RunRow[]): Promise<void> => {
  if (rows.length > 0) await client.query(upsertInto(table), columns(rows))
}

const upsertInto = (table: string): string => `
insert into ${table} (run_id, revision, position, status, agent, waits_for, tenant, due_at, row)
select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::float8[], $9::jsonb[])
on conflict (run_id) do update set
  revision = excluded.revision, position = excluded.position, status = excluded.status, agent = excluded.agent,
  waits_for = excluded.waits_for, tenant = excluded.tenant, due_at = excluded.due_at, row = excluded.row
where excluded.revision > ${table}.revision
`

const columns = (rows: readonly RunRow[]): unknown[][] => [
  rows.map(({ runId }) => runId),
  rows.map(({ revision }) => revision),
  rows.map(({ position }) => position),
  rows.map(({ status }) => status),
  rows.map(({ agent }) => agent),
  rows.map(({ waitsFor }) => waitsFor),
  rows.map(({ tenant }) => tenant ?? null),
  rows.map((row) => (row.status === 'active' && row.problem === undefined ? row.attentionAt : null)),
  rows.map((row) => JSON.stringify(row)),
]
