import { DatabaseSync } from 'node:sqlite'
import type { Pool } from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { noRecords } from '../../src/projections/view-records.ts'
import { postgresViewStore } from '../../src/views/postgres/postgres-view-store.ts'
import { createTables, sqliteDialect } from '../../src/views/table-sql.ts'
import { sqliteTables } from '../../src/views/sqlite-tables.ts'
import { pageAt } from '../support/doc-pages.ts'
import { sqlRolesOf } from '../support/sql-roles.ts'
import { testPostgres } from '../support/test-postgres.ts'
import { changesOfHistories } from './view-store-queries.ts'
import { viewStoreConformance } from './view-store.ts'

const postgres = await testPostgres('view store conformance, rebuilds and the SQL of the page')
const pool = (): Pool => {
  if (postgres === undefined) throw new Error('a test that needs Postgres was not left out')
  return postgres.pool
}
afterAll(() => postgres?.stop())

if (postgres !== undefined) {
  viewStoreConformance('Postgres', async () => {
    const views = await postgresViewStore(pool(), await sqlRolesOf(pool()))
    await views.clear()
    return { views, dispose: () => views.close() }
  })
}

describe.skipIf(postgres === undefined)('the tables of a Postgres view store', () => {
  test('are made once, whoever opens them at the same time', async () => {
    await pool().query('drop table refold_runs cascade; drop table refold_view_state')
    const opened = await Promise.all([1, 2, 3, 4].map(() => postgresViewStore(pool())))
    await Promise.all(
      opened.map((views, at) => views.apply({ rows: [], records: noRecords, since: undefined, checkpoint: { log: 'a', position: at } })),
    )
    expect(await opened[0]!.checkpoint()).toEqual({ log: 'a', position: 3 })
  })

  test('of another format are begun anew', async () => {
    const views = await postgresViewStore(pool())
    await views.apply({ rows: [], records: noRecords, since: await views.checkpoint(), checkpoint: { log: 'a', position: 9 } })
    await pool().query("update refold_view_state set format = 'older'")
    await expect(views.checkpoint()).rejects.toMatchObject({ code: 'InvalidConfiguration' })
    expect(await (await postgresViewStore(pool())).checkpoint()).toBeUndefined()
  })
})

describe.skipIf(postgres === undefined)('a query over all runs in Postgres', () => {
  test('is ended by the server at its time, and the next one answers', async () => {
    const views = await postgresViewStore(pool(), undefined, 50)
    const holder = await pool().connect()
    try {
      await holder.query('begin; lock table refold_runs in access exclusive mode')
      const asked = [
        views.query('model-usage', { limit: 10 }, 0),
        views.query('stuck', { limit: 10 }, 0),
        views.count({}, 0),
        views.find({ limit: 10 }, 0),
        views.changed({ after: 0, limit: 10 }, 0),
      ]
      for (const each of await Promise.allSettled(asked))
        expect(each).toMatchObject({ status: 'rejected', reason: { code: 'QueryTooLong', details: { timeoutMs: 50 } } })
    } finally {
      await holder.query('rollback')
      holder.release()
    }
    expect(await views.count({}, 0)).toBeDefined()
    const { rows } = await pool().query<{ statement_timeout: string }>('show statement_timeout')
    expect(rows[0]?.statement_timeout).toBe('0')
  })
})

describe.skipIf(postgres === undefined)('a rebuild in Postgres', () => {
  test('is put in place under those who read and write meanwhile', async () => {
    const views = await postgresViewStore(pool())
    await views.clear()
    await views.apply({ ...changesOfHistories(), since: undefined, checkpoint: { log: 'a', position: 0 } })
    let isOver = false
    let refused = 0
    const write = async (): Promise<void> => {
      for (let position = 1; !isOver; position++) {
        const since = await views.checkpoint()
        const taken = await views.apply({ ...changesOfHistories(), since, checkpoint: { log: 'a', position } })
        if (!taken) refused += 1
      }
    }
    const read = async (): Promise<void> => {
      while (!isOver) {
        expect((await views.query('timeline', { limit: 1_000 }, 0)).rows).toHaveLength(31)
        await views.query('stuck', { limit: 1_000 }, 0)
      }
    }
    const busy = Promise.all([write(), write(), read(), read()])
    try {
      for (let round = 0; round < 5; round++) {
        const shadow = await views.beginRebuild()
        await shadow.put(changesOfHistories())
        await shadow.finish({ checkpoint: undefined })
      }
    } finally {
      isOver = true
      await busy
    }
    expect((await views.topicState('')).generation).toBeGreaterThanOrEqual(6)
    expect(refused).toBeLessThan(100)
  }, 60_000)
})

describe.skipIf(postgres === undefined)('the SQL of the page about views', () => {
  const statements = pageAt('docs/views.md').fences.flatMap(({ info, text }) => (info === 'sql' ? [text] : []))

  /** Of averages Postgres gives more digits. */
  const values = (rows: readonly object[]): unknown[] =>
    rows.map((row) =>
      Object.values(row).map((value: unknown) => (value === null || Number.isNaN(Number(value)) ? value : Number(value).toPrecision(12))),
    )

  test('is there', () => {
    expect(statements.length).toBeGreaterThan(3)
  })

  test.each(statements)('finds the same in Postgres and in SQLite: %s', async (statement) => {
    const views = await postgresViewStore(pool())
    await views.clear()
    await views.apply({ ...changesOfHistories(), since: undefined, checkpoint: { log: 'a', position: 9_000 } })
    const db = new DatabaseSync(':memory:')
    db.exec(createTables(sqliteDialect, ''))
    sqliteTables(db, '').put(changesOfHistories())
    const found = db.prepare(statement).all()
    db.close()
    expect(found.length).toBeGreaterThan(0)
    expect(values((await pool().query<object>(statement)).rows)).toEqual(values(found))
  })
})
