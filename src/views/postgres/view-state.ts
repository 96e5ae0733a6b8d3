import type { Pool, PoolClient } from 'pg'
import { AppError } from '../../errors.ts'
import { createTables, postgresDialect, SHADOW_TABLES, viewsFormat } from '../table-sql.ts'
import { checkpointAfter } from '../view-decision.ts'
import type { Checkpoint, LogBatch, RebuiltPlace, TopicBatch, TopicState } from '../view-store.ts'
import { viewTables } from '../view-tables.ts'

type Client = Pick<PoolClient, 'query'>

// Any number that nothing else in the data base uses: two processes that start at once must not both make the tables.
const ADVISORY_LOCK = 7_203_811

/** Of Refold before it had several views. */
const RETIRED = ['refold_run_index', 'refold_run_offsets']

const DROP = `drop table if exists ${['refold_view_state', 'refold_view_offsets', ...RETIRED, ...viewTables.map(({ name }) => name)].join(', ')};`

const CREATE = `
create table refold_view_state (
  one boolean primary key default true check (one), format text not null, log text, position bigint, generation bigint not null default 0,
  rebuild text, paused_since bigint
);
create table refold_view_offsets (topic text, partition integer, next bigint not null, primary key (topic, partition));
${createTables(postgresDialect, '')}
`

/** Tables of another format are replaced. Within a transaction, which other processes wait for. */
export const makeTables = async (client: Client): Promise<void> => {
  await client.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCK])
  const { rows: present } = await client.query<{ name: string | null }>("select to_regclass('refold_view_state')::text as name")
  if (present[0]?.name !== null) {
    const { rows: formats } = await client.query<{ format: string }>('select format from refold_view_state')
    if (formats[0]?.format === viewsFormat) return
  }
  await dropShadows(client)
  await client.query(`${DROP}${CREATE}`)
  await client.query('insert into refold_view_state (format) values ($1)', [viewsFormat])
}

export const dropShadows = async (client: Client): Promise<void> => {
  const found = await client.query<{ tablename: string }>(
    'select tablename from pg_tables where schemaname = current_schema() and tablename like $1',
    [SHADOW_TABLES],
  )
  for (const { tablename } of found.rows) await client.query(`drop table ${tablename}`)
}

interface State {
  readonly checkpoint: Checkpoint | undefined
  readonly rebuild: string | undefined
  readonly pausedSince: number | undefined
}

/** With a lock, others wait: `for share` for those that change the state, `for update` for all that lock it. */
export const readState = async (source: Pool | PoolClient, lock: '' | 'for share' | 'for update' = ''): Promise<State> => {
  const { rows } = await source.query<{
    format: string
    log: string | null
    position: string | null
    rebuild: string | null
    paused_since: string | null
  }>(`select format, log, position, rebuild, paused_since from refold_view_state ${lock}`)
  const [state] = rows
  if (state?.format !== viewsFormat) {
    throw new AppError(
      'InvalidConfiguration',
      `expected views of format ${viewsFormat}, found ${state?.format ?? 'none'}: another version of Refold began them anew. Run one version at a time on one store of views.`,
    )
  }
  // Postgres hands out 64-bit integers as text.
  return {
    checkpoint: state.log === null ? undefined : { log: state.log, position: Number(state.position) },
    rebuild: state.rebuild ?? undefined,
    pausedSince: state.paused_since === null ? undefined : Number(state.paused_since),
  }
}

/** All rows were taken away or replaced. */
export const writeReplaced = async (client: Client, { checkpoint, topic }: RebuiltPlace): Promise<void> => {
  await client.query('update refold_view_state set log = $1, position = $2, generation = generation + 1', [
    checkpoint?.log ?? null,
    checkpoint?.position ?? null,
  ])
  await client.query('delete from refold_view_offsets')
  for (const [partition, next] of topic?.offsets ?? []) {
    await client.query('insert into refold_view_offsets (topic, partition, next) values ($1, $2, $3)', [topic?.name, partition, next])
  }
}

export const readTopicState = async (pool: Pool, topic: string): Promise<TopicState> => {
  // One statement, so that generation and offsets belong together.
  const { rows } = await pool.query<{ generation: string; partition: number | null; next: string | null }>(
    'select s.generation, o.partition, o.next from refold_view_state s left join refold_view_offsets o on o.topic = $1',
    [topic],
  )
  const found = rows.flatMap(({ partition, next }): [number, number][] => (partition === null ? [] : [[partition, Number(next)]]))
  return { generation: Number(rows[0]?.generation ?? 0), offsets: new Map(found) }
}

/** False where the views do not stand where the batch begins. */
export const advanceCheckpoint = async (client: PoolClient, batch: LogBatch): Promise<boolean> => {
  // Locks the one row, so that batches of two processes come one after the other.
  const next = checkpointAfter((await readState(client, 'for update')).checkpoint, batch)
  if (next === undefined) return false
  await client.query('update refold_view_state set log = $1, position = $2', [next.log, next.position])
  return true
}

/** False where the views do not stand where the batch begins. */
export const advanceOffset = async (client: PoolClient, { topic, partition, generation, from, next }: TopicBatch): Promise<boolean> => {
  await readState(client)
  // Shared, so that partitions do not wait for each other, but a rebuild waits for all of them.
  const { rows } = await client.query<{ generation: string }>('select generation from refold_view_state for share')
  if (Number(rows[0]?.generation) !== generation) return false
  const moved =
    from === undefined
      ? await client.query('insert into refold_view_offsets (topic, partition, next) values ($1, $2, $3) on conflict do nothing', [
          topic,
          partition,
          next,
        ])
      : await client.query('update refold_view_offsets set next = $3 where topic = $1 and partition = $2 and next = $4', [
          topic,
          partition,
          next,
          from,
        ])
  return moved.rowCount === 1
}
