import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgresRunIndex } from '../../src/views/run-index.postgres.ts'
import { startPostgres, type Postgres } from '../../servers/postgres.ts'
import { runIndexConformance } from './run-index.ts'

let postgres: Postgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 60_000)
afterAll(() => postgres.stop())

runIndexConformance('Postgres', async () => {
  const index = await postgresRunIndex(postgres.pool)
  await index.clear()
  return { index, dispose: () => index.close() }
})

describe('the tables of a Postgres index of runs', () => {
  test('are made once, whoever opens them at the same time', async () => {
    await postgres.pool.query('drop table refold_runs; drop table refold_run_index')
    const opened = await Promise.all([1, 2, 3, 4].map(() => postgresRunIndex(postgres.pool)))
    await Promise.all(opened.map((index, at) => index.apply({ rows: [], since: undefined, checkpoint: { log: 'a', position: at } })))
    expect(await opened[0]!.checkpoint()).toEqual({ log: 'a', position: 3 })
  })

  test('of another format are begun anew', async () => {
    const index = await postgresRunIndex(postgres.pool)
    await index.apply({ rows: [], since: await index.checkpoint(), checkpoint: { log: 'a', position: 9 } })
    await postgres.pool.query("update refold_run_index set format = 'older'")
    await expect(index.checkpoint()).rejects.toMatchObject({ code: 'InvalidConfiguration' })
    expect(await (await postgresRunIndex(postgres.pool)).checkpoint()).toBeUndefined()
  })
})
