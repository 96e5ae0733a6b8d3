import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { noRecords } from '../../src/projections/view-records.ts'
import type { ViewStore } from '../../src/views/view-store.ts'
import { sqliteViewStore } from '../../src/views/sqlite/sqlite-view-store.ts'
import { changesOfHistories } from './view-store-queries.ts'
import { viewStoreConformance } from './view-store.ts'

/** Those of a step at another revision, so that it is another one. */
const stepColumns = (path: string): string => {
  const db = new DatabaseSync(path)
  const columns = db.prepare("select name from pragma_table_info('refold_steps')").all()
  db.close()
  return columns.map(({ name }) => (name === 'revision' ? 'revision + 1000 + i' : String(name))).join(', ')
}

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'views-'))

viewStoreConformance('SQLite', () => {
  const folder = newFolder()
  const views = sqliteViewStore({ path: join(folder, 'views.db') })
  const dispose = async (): Promise<void> => {
    await views.close()
    rmSync(folder, { recursive: true })
  }
  return Promise.resolve({ views, dispose })
})

describe('the file of a SQLite view store', () => {
  let folder: string
  let path: string
  const open: ViewStore[] = []
  const openIndex = (): ViewStore => {
    const views = sqliteViewStore({ path })
    open.push(views)
    return views
  }
  beforeEach(() => {
    folder = newFolder()
    path = join(folder, 'views.db')
  })
  afterEach(async () => {
    for (const views of open.splice(0)) await views.close()
    rmSync(folder, { recursive: true })
  })
  const mark = (views: ViewStore, position: number): Promise<boolean> =>
    views.apply({ rows: [], records: noRecords, since: undefined, checkpoint: { log: 'log-1', position } })
  const tamper = (sql: string): void => {
    const db = new DatabaseSync(path)
    db.exec(sql)
    db.close()
  }

  const damage = (fromByte: number): void => {
    const bytes = readFileSync(path)
    bytes.fill(0xff, fromByte)
    writeFileSync(path, bytes)
  }

  const damageTable = (name: string): void => {
    const db = new DatabaseSync(path)
    const pages = db.prepare('select rootpage from sqlite_master where tbl_name = ?').all(name)
    db.close()
    const bytes = readFileSync(path)
    for (const { rootpage } of pages) bytes.fill(0xff, (Number(rootpage) - 1) * 4096, Number(rootpage) * 4096)
    writeFileSync(path, bytes)
  }

  test('keeps its checkpoint when it is closed and opened again', async () => {
    const views = openIndex()
    await mark(views, 10)
    await views.close()
    expect(await openIndex().checkpoint()).toEqual({ log: 'log-1', position: 10 })
  })
  test('is summed elsewhere where it is large, and whoever asks goes on meanwhile', async () => {
    const views = openIndex()
    const changes = changesOfHistories()
    await views.apply({ ...changes, since: undefined, checkpoint: { log: 'log-1', position: 10 } })
    const asked = { limit: 1_000 }
    const few = await views.query('chart-steps', asked, 0)
    const copies = 200_000
    tamper(`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${copies})
      insert into refold_steps select ${stepColumns(path)} from n, (select * from refold_steps limit 1)`)
    let turns = 0
    let isOver = false
    const turn = (): void => {
      turns += 1
      if (!isOver) setTimeout(turn, 1)
    }
    turn()
    const many = await views.query('chart-steps', asked, 0)
    isOver = true
    expect(turns).toBeGreaterThan(20)
    const stepsIn = ({ rows }: typeof few): number => rows.reduce((sum, { steps }) => sum + Number(steps), 0)
    expect(stepsIn(many)).toBe(stepsIn(few) + copies)
    expect(many.rows).toHaveLength(few.rows.length)
  }, 60_000)
  test('is shared by all that have it open', async () => {
    const [one, other] = [openIndex(), openIndex()]
    await mark(one, 10)
    expect(await other.checkpoint()).toEqual({ log: 'log-1', position: 10 })
    await mark(other, 5)
    expect(await one.checkpoint()).toEqual({ log: 'log-1', position: 10 })
  })
  test('that one has rebuilt is read and written on by the others', async () => {
    const [one, other] = [openIndex(), openIndex()]
    await one.apply({ ...changesOfHistories(), since: undefined, checkpoint: { log: 'log-1', position: 10 } })
    expect(await other.get('run-done')).toMatchObject({ revision: 12 })
    const shadow = await one.beginRebuild()
    await mark(other, 20)
    await shadow.put(changesOfHistories())
    await shadow.finish({ checkpoint: { log: 'log-1', position: 15 } })
    expect(await other.checkpoint()).toEqual({ log: 'log-1', position: 15 })
    expect(await other.get('run-done')).toMatchObject({ revision: 12 })
    const checkpoint = { log: 'log-1', position: 30 }
    expect(await other.apply({ ...changesOfHistories(), since: { log: 'log-1', position: 20 }, checkpoint })).toBe(false)
    expect(await other.apply({ ...changesOfHistories(), since: await other.checkpoint(), checkpoint })).toBe(true)
    expect((await one.query('tool-calls', { limit: 9 }, 0)).rows).toEqual((await other.query('tool-calls', { limit: 9 }, 0)).rows)
  })
  test('keeps nothing of a rebuild whose process has died, once another begins', async () => {
    const views = openIndex()
    await (await views.beginRebuild()).put(changesOfHistories())
    await views.close()
    await (await openIndex().beginRebuild()).discard()
    const db = new DatabaseSync(path)
    expect(db.prepare("select name from sqlite_master where name like '%rebuild%'").all()).toEqual([])
    db.close()
  })
  test('survives the loss of power in one piece: rows and checkpoint are one transaction in a write-ahead log', async () => {
    await mark(openIndex(), 10)
    const db = new DatabaseSync(path)
    expect(db.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' })
    db.close()
  })
  test('is begun anew where it is of another format', async () => {
    const views = openIndex()
    await mark(views, 10)
    await views.close()
    tamper("update refold_view_state set format = 'of old'")
    const again = openIndex()
    expect(await again.checkpoint()).toBeUndefined()
    expect(await mark(again, 20)).toBe(true)
  })
  test('is begun anew where another program made its tables', async () => {
    tamper('create table refold_view_state (x); create table refold_runs (y)')
    expect(await openIndex().checkpoint()).toBeUndefined()
  })
  test('that another version has begun anew is not written by this one', async () => {
    const views = openIndex()
    await mark(views, 10)
    tamper("update refold_view_state set format = 'of the future'")
    await expect(mark(views, 20)).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringContaining('of the future') as string,
    })
  })
  test('is begun anew where it is no database', async () => {
    writeFileSync(path, 'this was never a database, and it is long enough to be read as the header of one. '.repeat(20))
    expect(await mark(openIndex(), 10)).toBe(true)
  })
  test('is begun anew where it is damaged behind its first page', async () => {
    const views = openIndex()
    await mark(views, 10)
    await views.close()
    damage(4096)
    expect(await openIndex().checkpoint()).toBeUndefined()
  })
  test('is begun anew where damage shows only later, and what was under way reads the log again', async () => {
    const views = openIndex()
    await mark(views, 10)
    await views.close()
    damageTable('refold_runs')
    const damaged = openIndex()
    const since = await damaged.checkpoint()
    expect(since).toEqual({ log: 'log-1', position: 10 })
    expect(await damaged.list({ limit: 9 })).toEqual([])
    expect(await damaged.apply({ rows: [], records: noRecords, since, checkpoint: { log: 'log-1', position: 20 } })).toBe(false)
    expect(await mark(damaged, 10)).toBe(true)
  })
  test('that cannot be there at all is an error that names it', () => {
    path = join(folder, 'no', 'such', 'folder', 'views.db')
    expect(openIndex).toThrow(expect.objectContaining({ code: 'StoreUnavailable', message: expect.stringContaining(path) as string }))
  })
})
