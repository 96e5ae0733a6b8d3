import { randomUUID } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import type { RunRow } from '../projections/run-index.ts'
import { putRows, RUNS_TABLE } from './postgres-run-rows.ts'
import type { ViewShadow, TopicBatch, TopicState } from './view-store.ts'

export const readTopicState = async (pool: Pool, topic: string): Promise<TopicState> => {
  // One statement, so that generation and offsets belong together.
  const { rows } = await pool.query<{ generation: string; partition: number | null; next: string | null }>(
    'select i.generation, o.partition, o.next from refold_view_state i left join refold_view_offsets o on o.topic = $1',
    [topic],
  )
  const found = rows.flatMap(({ partition, next }): [number, number][] => (partition === null ? [] : [[partition, Number(next)]]))
  return { generation: Number(rows[0]?.generation ?? 0), offsets: new Map(found) }
}

export const applyFromTopic = async (client: PoolClient, batch: TopicBatch): Promise<boolean> => {
  const { topic, partition, from, next } = batch
  // Shared, so that partitions do not wait for each other, but a rebuild waits for all of them.
  const { rows } = await client.query<{ generation: string }>('select generation from refold_view_state for share')
  if (Number(rows[0]?.generation) !== batch.generation) return false
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
  if (moved.rowCount !== 1) return false
  await putRows(client, RUNS_TABLE, batch.rows)
  return true
}

type Transaction = (work: (client: PoolClient) => Promise<void>) => Promise<void>

/** Rows in a table of their own, which takes the place of the other in the end. Of a process that died it stays, and may be dropped. */
export const rebuildTable = async (pool: Pool, transaction: Transaction): Promise<ViewShadow> => {
  const shadow = `${RUNS_TABLE}_rebuild_${randomUUID().replaceAll('-', '')}`
  await pool.query(`create table ${shadow} (like ${RUNS_TABLE} including all)`)
  return {
    getMany: async (runIds) =>
      (await pool.query<{ row: RunRow }>(`select row from ${shadow} where run_id = any($1)`, [runIds])).rows.map(({ row }) => row),
    put: (rows) => putRows(pool, shadow, rows),
    finish: (topic, offsets) =>
      transaction(async (client) => {
        await client.query('update refold_view_state set log = null, position = null, generation = generation + 1')
        await client.query(`drop table ${RUNS_TABLE}`)
        await client.query(`alter table ${shadow} rename to ${RUNS_TABLE}`)
        await client.query('delete from refold_view_offsets')
        for (const [partition, next] of offsets) {
          await client.query('insert into refold_view_offsets (topic, partition, next) values ($1, $2, $3)', [topic, partition, next])
        }
      }),
    discard: async () => {
      await pool.query(`drop table if exists ${shadow}`)
    },
  }
}
