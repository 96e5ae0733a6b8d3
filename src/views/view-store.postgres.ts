import type { Pool, PoolClient } from 'pg'
import { AppError, isAppError, messageOf } from '../errors.ts'
import { runRowFormat, type RunRow } from '../projections/run-index.ts'
import { checkLimit, checkpointAfter, viewsClosed } from './batch-decision.ts'
import { putRows, RUNS_TABLE } from './postgres-run-rows.ts'
import { applyFromTopic, readTopicState, rebuildTable } from './postgres-topic-feed.ts'
import type { Checkpoint, ViewStore, RunPage } from './view-store.ts'

/** To be counted up with every change of the tables. */
const TABLES_VERSION = 2
const FORMAT = `${TABLES_VERSION}/${runRowFormat}`

// Any number that nothing else in the data base uses: two processes that start at once must not both make the tables.
const ADVISORY_LOCK = 7_203_811

const DROP = 'drop table if exists refold_runs; drop table if exists refold_view_state; drop table if exists refold_view_offsets'

const CREATE = `
create table refold_view_state (
  one boolean primary key default true check (one), format text not null, log text, position bigint, generation bigint not null default 0
);
create table refold_view_offsets (topic text, partition integer, next bigint not null, primary key (topic, partition));
create table refold_runs (
  run_id text primary key, revision bigint not null, position bigint not null, status text not null, agent text not null,
  waits_for text, tenant text, due_at double precision, row jsonb not null
);
create index refold_runs_newest on refold_runs (position);
create index refold_runs_of_status on refold_runs (status, position);
create index refold_runs_of_agent on refold_runs (agent, position);
create index refold_runs_of_tenant on refold_runs (tenant, position) where tenant is not null;
create index refold_runs_waiting on refold_runs (waits_for, position) where waits_for is not null;
create index refold_runs_due on refold_runs (due_at, position) where due_at is not null;
`

/**
 * The view store in Postgres, for as many processes on as many machines as there are. Tables of another format are replaced, since the
 * projector fills them again. The pool stays the caller's.
 */
export const postgresViewStore = async (pool: Pool): Promise<ViewStore> => {
  await guarded(() => migrate(pool))
  let closed = false
  const use = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (closed) throw viewsClosed()
    return guarded(work)
  }
  const rows = async (text: string, values: readonly unknown[]): Promise<RunRow[]> =>
    (await pool.query<{ row: RunRow }>(text, [...values])).rows.map(({ row }) => row)

  return {
    checkpoint: () => use(() => readCheckpoint(pool)),
    apply: ({ rows: changed, since, checkpoint }) =>
      use(() =>
        inTransaction(pool, async (client) => {
          // Locks the one row, so that batches of two processes come one after the other.
          const next = checkpointAfter(await readCheckpoint(client, 'for update'), { rows: changed, since, checkpoint })
          if (next === undefined) return false
          await putRows(client, RUNS_TABLE, changed)
          await client.query('update refold_view_state set log = $1, position = $2', [next.log, next.position])
          return true
        }),
      ),
    topicState: (topic) => use(() => readTopicState(pool, topic)),
    applyFrom: (batch) =>
      use(() =>
        inTransaction(pool, async (client) => {
          await readCheckpoint(client)
          return applyFromTopic(client, batch)
        }),
      ),
    beginRebuild: () =>
      use(async () => {
        await readCheckpoint(pool)
        return rebuildTable(pool, (work) => use(() => inTransaction(pool, work)))
      }),
    get: (runId) => use(async () => (await rows('select row from refold_runs where run_id = $1', [runId]))[0]),
    getMany: (runIds) => use(() => rows('select row from refold_runs where run_id = any($1)', [runIds])),
    async list(page) {
      checkLimit(page.limit)
      const { text, values } = listQuery(page)
      return use(() => rows(text, values))
    },
    async due(now, limit) {
      checkLimit(limit)
      return use(() => rows('select row from refold_runs where due_at <= $1 order by due_at, position limit $2', [now, limit]))
    },
    clear: () =>
      use(() =>
        inTransaction(pool, async (client) => {
          await client.query('update refold_view_state set log = null, position = null, generation = generation + 1')
          await client.query('delete from refold_runs')
          await client.query('delete from refold_view_offsets')
        }),
      ),
    close() {
      closed = true
      return Promise.resolve()
    },
  }
}

const guarded = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work()
  } catch (cause) {
    if (isAppError(cause)) throw cause
    throw new AppError('EventLogUnavailable', `the view store in Postgres cannot be read or written: ${messageOf(cause)}`, {
      retryable: true,
      cause,
    })
  }
}

const inTransaction = async <Result>(pool: Pool, work: (client: PoolClient) => Promise<Result>): Promise<Result> => {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    client.release()
    return result
  } catch (error) {
    // A connection that cannot even roll back is not given to anybody else.
    const broken = await client.query('rollback').then(
      () => false,
      () => true,
    )
    client.release(broken)
    throw error
  }
}

const migrate = (pool: Pool): Promise<void> =>
  inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCK])
    const { rows: present } = await client.query<{ name: string | null }>("select to_regclass('refold_view_state')::text as name")
    if (present[0]?.name !== null) {
      const { rows: formats } = await client.query<{ format: string }>('select format from refold_view_state')
      if (formats[0]?.format === FORMAT) return
    }
    await client.query(DROP)
    await client.query(CREATE)
    await client.query('insert into refold_view_state (format) values ($1)', [FORMAT])
  })

const readCheckpoint = async (source: Pool | PoolClient, lock: '' | 'for update' = ''): Promise<Checkpoint | undefined> => {
  const { rows } = await source.query<{ format: string; log: string | null; position: string | null }>(
    `select format, log, position from refold_view_state ${lock}`,
  )
  const [state] = rows
  if (state?.format !== FORMAT) {
    throw new AppError(
      'InvalidConfiguration',
      `expected a view store of format ${FORMAT}, found ${state?.format ?? 'none'}: another version of Refold began it anew. Run one version at a time on one view store.`,
    )
  }
  // Postgres hands out 64-bit integers as text.
  return state.log === null ? undefined : { log: state.log, position: Number(state.position) }
}

const listQuery = ({ status, agent, waitsFor, tenant, before, limit }: RunPage): { text: string; values: unknown[] } => {
  const conditions: [column: string, value: unknown][] = [
    ['status =', status],
    ['agent =', agent],
    ['waits_for =', waitsFor],
    ['tenant =', tenant],
    ['position <', before],
  ]
  const given = conditions.filter(([, value]) => value !== undefined)
  const where = given.map(([column], views) => `${column} $${views + 1}`).join(' and ')
  return {
    text: `select row from refold_runs ${where === '' ? '' : `where ${where}`} order by position desc limit $${given.length + 1}`,
    values: [...given.map(([, value]) => value), limit],
  }
}
