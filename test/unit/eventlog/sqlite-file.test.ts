import { copyFileSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { AppError } from '../../../src/errors.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { sqliteEventLog } from '../../../src/eventlog/sqlite/sqlite-event-log.ts'
import { openLogDatabase } from '../../../src/eventlog/sqlite/database.ts'
import { collect, newEvent, newEvents, rejection } from '../../conformance/event-log-cases.ts'
import { inFolder } from './both-logs.ts'

const openLog = (path: string): EventLog => sqliteEventLog({ path, clock: systemClock })

const filledLog = async (path: string): Promise<void> => {
  const log = openLog(path)
  for (let i = 0; i < 5; i++) await log.append('a', 'any', newEvents(100))
  await log.close()
}

const refusal = (path: string): AppError => {
  try {
    void openLog(path).close()
  } catch (error) {
    return error as AppError
  }
  throw new Error(`${path} was opened`)
}

/** As the version before wrote it: a stream with two appends, one that was cut, one that was deleted, and a tombstone. */
const writeLogOfFormat1 = (path: string): void => {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA page_size = 8192')
  db.exec(readFileSync(new URL('log-of-format-1.sql', import.meta.url), 'utf8'))
  db.close()
}

const holdsAllOfFormat1 = async (log: EventLog): Promise<void> => {
  const inOrder = (await collect(log.readAll())).map(({ stream, revision, data }) => [stream, revision, data])
  expect(inOrder).toEqual([
    ['plain', 0, '{"n": 1}'],
    ['plain', 1, '{"n": 2}'],
    ['truncated', 2, '{"n": 5}'],
    ['plain', 2, '{"n": 6}'],
    ['deleted', 0, '{"n": 7}'],
    ['tombstoned', 0, '{"n": 8}'],
  ])
  expect((await collect(log.readStream('plain'))).map(({ revision }) => revision)).toEqual([0, 1, 2])
  expect((await collect(log.readStream('truncated'))).map(({ revision }) => revision)).toEqual([2])
  expect(await log.getMetadata('truncated')).toEqual({ truncateBefore: 2 })
  await rejection(collect(log.readStream('deleted')), 'StreamNotFound')
  await rejection(collect(log.readStream('tombstoned')), 'StreamDeleted')
}

describe('the file of the event log', () => {
  test('is written with a flush per commit, whatever SQLite does by default', async () => {
    await inFolder(async (path) => {
      await filledLog(path)
      const db = openLogDatabase(path)
      const valueOf = (pragma: string): unknown => Object.values(db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]
      expect(['journal_mode', 'synchronous', 'page_size', 'busy_timeout'].map(valueOf)).toEqual(['wal', 2, 8_192, 0])
      db.close()
    })
  })

  test('is made where it is not there, with its folders', async () => {
    await inFolder(async (path) => {
      const log = openLog(`${path}/deep/down/log.db`)
      expect(await log.append('a', 'no-stream', newEvents(1))).toMatchObject({ revision: 0 })
      await log.close()
    })
  })

  test('of a newer version is refused with both formats and what to do', async () => {
    await inFolder(async (path) => {
      await filledLog(path)
      const db = new DatabaseSync(path)
      db.exec('UPDATE log SET format = 3')
      db.close()
      const error = refusal(path)
      expect(error).toMatchObject({ code: 'EventLogCorrupt', details: { path, format: 3, readsUpTo: 2 } })
      expect(error.message).toMatch(/use the version that wrote it, or a newer one/)
    })
  })

  test('of format 1 is brought to the newest one where it is opened, and goes on with all that it holds', async () => {
    await inFolder(async (path) => {
      writeLogOfFormat1(path)
      const log = openLog(path)
      await holdsAllOfFormat1(log)
      expect(await log.append('plain', 2, newEvents(1))).toMatchObject({ revision: 3 })
      expect(await log.append('new', 'no-stream', newEvents(2))).toMatchObject({ revision: 1 })
      await rejection(log.append('plain', 'no-stream', newEvents(1)), 'EventLogConflict')
      await rejection(log.append('tombstoned', 'any', newEvents(1)), 'StreamDeleted')
      expect(await log.append('deleted', 'no-stream', newEvents(1))).toMatchObject({ revision: 1 })
      await log.close()

      const again = openLog(path)
      expect((await collect(again.readStream('new'))).map(({ stream }) => stream)).toEqual(['new', 'new'])
      expect((await collect(again.readStream('plain'))).map(({ revision }) => revision)).toEqual([0, 1, 2, 3])
      await again.close()
      const db = new DatabaseSync(path)
      expect(db.prepare('SELECT format FROM log').get()).toEqual({ format: 2 })
      db.close()
    })
  })

  test('of format 1 is read as it is where it cannot be written', async () => {
    await inFolder(async (path) => {
      writeLogOfFormat1(path)
      const before = readFileSync(path)
      const log = sqliteEventLog({ path, clock: systemClock, unwritable: new AppError('EventLogUnavailable', 'cannot be written') })
      await holdsAllOfFormat1(log)
      await log.close()
      expect(readFileSync(path).equals(before)).toBe(true)
    })
  })

  test('has the streams side by side that were begun one after the other, whatever their names are', async () => {
    await inFolder(async (path) => {
      const log = openLog(path)
      const names = Array.from({ length: 20 }, (_, i) => `run-${(i * 7) % 20}`)
      for (const name of names) await log.append(name, 'no-stream', newEvents(2))
      for (const name of [...names].reverse()) await log.append(name, 1, newEvents(1))
      await log.close()
      const db = new DatabaseSync(path)
      const inIndex = db.prepare('SELECT stream FROM events WHERE revision = 0 ORDER BY stream_key').all()
      expect(inIndex.map(({ stream }) => stream)).toEqual(names)
      db.close()
    })
  })

  test('that is no SQLite data base is refused and left as it was', async () => {
    await inFolder(async (path) => {
      writeFileSync(path, 'some notes, not a data base at all')
      const error = refusal(path)
      expect(error).toMatchObject({ code: 'EventLogCorrupt', details: { path } })
      expect(error.message).toContain(`${path} is no SQLite data base`)
      expect(readFileSync(path, 'utf8')).toBe('some notes, not a data base at all')
    })
  })

  test('that is a data base of something else is refused and left as it was', async () => {
    await inFolder(async (path) => {
      const db = new DatabaseSync(path)
      db.exec('CREATE TABLE notes (text TEXT)')
      db.close()
      const before = readFileSync(path)
      expect(refusal(path)).toMatchObject({ code: 'EventLogCorrupt', details: { path } })
      expect(readFileSync(path).equals(before)).toBe(true)
    })
  })

  test('that was cut off is refused, wherever it was cut', async () => {
    await inFolder(async (path) => {
      await filledLog(path)
      const size = statSync(path).size
      for (const kept of [size - 1, size - 8_192, size / 2, 8_192, 100]) {
        const cut = `${path}.${kept}`
        copyFileSync(path, cut)
        truncateSync(cut, kept)
        const error = refusal(cut)
        expect(error).toMatchObject({ code: 'EventLogCorrupt', details: { path: cut } })
        expect(error.message).toContain(cut)
      }
    })
  })

  test('that is damaged inside is reported where the damage is read, with its path', async () => {
    await inFolder(async (path) => {
      await filledLog(path)
      const bytes = readFileSync(path)
      const pages = bytes.length / 8_192
      for (let page = 2; page < pages - 1; page++) bytes.fill(0xa5, page * 8_192, page * 8_192 + 200)
      writeFileSync(path, bytes)
      const readAll = async (): Promise<unknown> => {
        const log = openLog(path)
        try {
          return await collect(log.readAll())
        } finally {
          await log.close()
        }
      }
      const { details } = await rejection(readAll(), 'EventLogCorrupt')
      expect(details).toMatchObject({ path })
    })
  })

  test('that cannot be opened is reported with its path', async () => {
    await inFolder(async (path) => {
      writeFileSync(path, '')
      expect(refusal(`${path}/log.db`)).toMatchObject({ code: 'EventLogUnavailable', details: { path: `${path}/log.db` } })
    })
  })
})

describe('a transaction of the event log', () => {
  test('in which SQLite refuses one append is done again one by one, so that only the guilty one fails', async () => {
    await inFolder(async (path) => {
      const log = openLog(path)
      const db = new DatabaseSync(path)
      db.exec(`CREATE TRIGGER poison BEFORE INSERT ON events WHEN NEW.type = 'Poison' BEGIN SELECT RAISE(ABORT, 'poisoned'); END`)
      db.close()
      const appends = ['a', 'b', 'c', 'd'].map((stream) =>
        log.append(stream, 'no-stream', [newEvent(), newEvent({}, stream === 'c' ? 'Poison' : 'OrderPlaced')]),
      )
      await rejection(appends[2] ?? Promise.resolve(), 'EventLogUnavailable')
      const results = await Promise.allSettled(appends)
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
      expect((await collect(log.readAll())).map((event) => event.stream)).toEqual(['a', 'a', 'b', 'b', 'd', 'd'])
      expect(await log.append('c', 'no-stream', newEvents(1))).toMatchObject({ revision: 0 })
      await log.close()
    })
  })

  test('stores nothing in a file that was put aside while its appends waited for it', async () => {
    await inFolder(async (path) => {
      const log = openLog(path)
      await log.append('a', 'no-stream', newEvents(1))
      const appends = ['a', 'b'].map((stream) => log.append(stream, 'any', newEvents(1)))
      renameSync(path, `${path}.aside`)
      for (const append of appends) await rejection(append, 'LogRestored')
      renameSync(`${path}.aside`, path)
      expect((await collect(log.readAll())).map((event) => event.stream)).toEqual(['a'])
      await log.close()
    })
  })

  test('is written into a small file over and over, not into one that grows', async () => {
    await inFolder(async (path) => {
      const log = openLog(path)
      for (let i = 0; i < 20; i++) await log.append('a', 'any', [newEvent('x'.repeat(500_000))])
      expect(statSync(`${path}-wal`).size).toBeLessThan(4_000_000)
      await log.close()
    })
  })

  test('rejects an append in conflict alone', async () => {
    await inFolder(async (path) => {
      const log = openLog(path)
      const results = await Promise.allSettled(['a', 'a', 'b'].map((stream) => log.append(stream, 'no-stream', newEvents(1))))
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      await log.close()
    })
  })
})
