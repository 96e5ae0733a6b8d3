import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import type { AppError } from '../../../src/errors.ts'
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
      db.exec('UPDATE log SET format = 2')
      db.close()
      const error = refusal(path)
      expect(error).toMatchObject({ code: 'EventLogCorrupt', details: { path, format: 2, readsUpTo: 1 } })
      expect(error.message).toMatch(/use the version that wrote it, or a newer one/)
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

  test('rejects an append in conflict alone', async () => {
    await inFolder(async (path) => {
      const log = openLog(path)
      const results = await Promise.allSettled(['a', 'a', 'b'].map((stream) => log.append(stream, 'no-stream', newEvents(1))))
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      await log.close()
    })
  })

  test('gives two streams whose names have the same hash a key each, one after the other and at once', async () => {
    await inFolder(async (path) => {
      const names = SAME_HASH
      const log = openLog(path)
      for (const name of names) await rejection(log.append(name, 'stream-exists', newEvents(1)), 'EventLogConflict')
      for (const name of names) await log.append(name, 'no-stream', newEvents(2))
      await log.close()
      const both = openLog(`${path}.both`)
      await Promise.all(names.map((name) => both.append(name, 'no-stream', newEvents(2))))
      for (const name of names) expect((await collect(both.readStream(name))).map((event) => event.stream)).toEqual([name, name])
      await both.close()
      const again = openLog(path)
      for (const name of names) expect(await again.append(name, 1, newEvents(1))).toMatchObject({ revision: 2 })
      for (const name of names) expect((await collect(again.readStream(name))).map((event) => event.stream)).toEqual([name, name, name])
      expect(new Set((await collect(again.readAll())).map((event) => event.stream))).toEqual(new Set(names))
      await again.close()
    })
  })
})

/** The first 44 bits of their SHA-256 are the same. */
const SAME_HASH = ['run-1384841', 'run-3578631']
