import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { AppError, messageOf } from '../../errors.ts'
import { beginPrivateFile, makePrivateFolder } from '../../private-files.ts'
import { isBusy, isFull, translateSqliteError } from './errors.ts'
import { pathToFileURL } from 'node:url'
import { logRestored } from '../went-back.ts'

/** Of the tables below. A change of their meaning is a new number. */
const LOG_FORMAT = 2

/** Up to 3.51.2 two connections that checkpoint at once can corrupt a WAL data base. */
const OLDEST_SQLITE = [3, 51, 3] as const

const OPEN_PATIENCE_MS = 5_000

/** A log of format 1 has all but this: it is searched event by event where it cannot be written. */
const NAMES = 'CREATE UNIQUE INDEX events_by_name ON events (stream) WHERE stream IS NOT NULL;'

// A stream is no more than its events: `streams` only holds those that were deleted or were given metadata.
// Its name is in its first event, all of them have its key (see streams.ts).
const SCHEMA = `
  CREATE TABLE log (format INTEGER NOT NULL) STRICT;
  CREATE TABLE streams (
    name TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    metadata TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream_key INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    id BLOB NOT NULL,
    stored_at INTEGER NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    meta TEXT NOT NULL,
    stream TEXT
  ) STRICT;
  CREATE UNIQUE INDEX events_by_stream ON events (stream_key, revision);
  ${NAMES}
  INSERT INTO log (format) VALUES (${LOG_FORMAT});
`

/**
 * Opens the file, or makes it where there is none. The connection never waits for a lock: who needs one asks again.
 * Throws `EventLogCorrupt`, with the path, for what is no event log or not whole, and `EventLogUnavailable` for what cannot be opened.
 */
export const openLogDatabase = (path: string): DatabaseSync => {
  let db: DatabaseSync | undefined
  try {
    makePrivateFolder(dirname(path))
    beginPrivateFile(path)
    db = new DatabaseSync(path, { timeout: OPEN_PATIENCE_MS })
    checkSqliteVersion(db)
    if (isEmpty(db)) createLog(db)
    else checkFormat(db, path)
    makeDurable(db)
    checkWhole(db, path)
    convertLog(db)
    db.exec('PRAGMA busy_timeout = 0')
    return db
  } catch (error) {
    db?.close()
    throw translateSqliteError(error, path, 'open')
  }
}

/** Of one that is there already. Throws `EventLogCorrupt` for what is no event log. */
const checkLog = (db: DatabaseSync, path: string): void => {
  checkSqliteVersion(db)
  checkFormat(db, path)
  db.prepare('SELECT * FROM events ORDER BY position DESC LIMIT 1').get()
}

const valueOf = (db: DatabaseSync, sql: string): unknown => valueQuery(db, sql)()

const checkSqliteVersion = (db: DatabaseSync): void => {
  const found = String(valueOf(db, 'SELECT sqlite_version()'))
  const parts = found.split('.').map(Number)
  const differing = OLDEST_SQLITE.findIndex((part, i) => part !== parts[i])
  if (differing < 0 || (parts[differing] ?? 0) > (OLDEST_SQLITE[differing] ?? 0)) return
  const wanted = OLDEST_SQLITE.join('.')
  throw new AppError('InvalidConfiguration', `SQLite ${wanted} or newer is needed, older ones can corrupt a shared log; Node has ${found}`)
}

const isEmpty = (db: DatabaseSync): boolean => valueOf(db, 'SELECT count(*) FROM sqlite_schema') === 0

/** Several processes may find the file empty at once: the first one makes the tables, the others find them. */
const createLog = (db: DatabaseSync): void => {
  db.exec('PRAGMA page_size = 8192')
  switchToWal(db)
  inTransaction(db, () => {
    if (isEmpty(db)) db.exec(SCHEMA)
  })
}

/** Of an older format, in its place: all or nothing. The first of several processes does it. */
const convertLog = (db: DatabaseSync): void => {
  const isOld = (): boolean => valueOf(db, 'SELECT format FROM log') !== LOG_FORMAT
  if (!isOld()) return
  inTransaction(db, () => {
    if (isOld()) db.exec(`${NAMES} UPDATE log SET format = ${LOG_FORMAT}`)
  })
}

const inTransaction = (db: DatabaseSync, change: () => void): void => {
  db.exec('BEGIN IMMEDIATE')
  try {
    change()
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** This pragma does not wait for a lock by itself, whatever the timeout of the connection is. */
const switchToWal = (db: DatabaseSync): void => {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  const pauseMs = 5
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    try {
      db.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (!isBusy(error) || waitedMs >= OPEN_PATIENCE_MS) throw error
      Atomics.wait(pause, 0, 0, pauseMs)
    }
  }
}

const checkFormat = (db: DatabaseSync, path: string): void => {
  const isLog = valueOf(db, `SELECT count(*) FROM sqlite_schema WHERE name IN ('log', 'streams', 'events', 'events_by_stream')`) === 4
  if (!isLog) {
    throw new AppError('EventLogCorrupt', `${path} is a SQLite data base, but no event log: give another path`, { details: { path } })
  }
  const format = valueOf(db, 'SELECT format FROM log')
  if (typeof format === 'number' && format <= LOG_FORMAT) return
  const message = `the event log ${path} has format ${String(format)}, this version reads up to ${LOG_FORMAT}: use the version that wrote it, or a newer one`
  throw new AppError('EventLogCorrupt', message, { details: { path, format, readsUpTo: LOG_FORMAT } })
}

/** A flush costs twice as much while the WAL grows as where it is written over, so it stays as small as its checkpoints are cheap. */
const WAL_PAGES = 256

const makeDurable = (db: DatabaseSync): void => {
  switchToWal(db)
  db.exec(
    `PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = ${WAL_PAGES}; PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; PRAGMA cell_size_check = ON`,
  )
  const found = { journal: valueOf(db, 'PRAGMA journal_mode'), synchronous: valueOf(db, 'PRAGMA synchronous') }
  if (found.journal === 'wal' && found.synchronous === 2) return
  throw new AppError(
    'EventLogUnavailable',
    `SQLite grants no durable log here: journal ${String(found.journal)}, synchronous ${String(found.synchronous)}`,
    {
      details: found,
    },
  )
}

const isAllInFile = (db: DatabaseSync): boolean => {
  try {
    const { busy, log, checkpointed } = db.prepare('PRAGMA wal_checkpoint(PASSIVE)').get() ?? {}
    return busy === 0 && log === checkpointed
  } catch (error) {
    // A log whose disk is full can still be read.
    if (isFull(error)) return false
    throw error
  }
}

/**
 * A file that was cut off shows only once a lost page is read, perhaps years later. So its length is checked now:
 * the pages that were there before everything was copied out of the WAL must all be in the file.
 */
const checkWhole = (db: DatabaseSync, path: string): void => {
  const pages = Number(valueOf(db, 'PRAGMA page_count'))
  if (isAllInFile(db)) {
    const expected = pages * Number(valueOf(db, 'PRAGMA page_size'))
    const found = statSync(path).size
    if (found < expected) {
      throw new AppError('EventLogCorrupt', `the event log ${path} is truncated: ${found} bytes of ${expected}; restore it from a backup`, {
        details: { path, expected, found },
      })
    }
  }
  db.prepare('SELECT * FROM events ORDER BY position DESC LIMIT 1').get()
}

/**
 * Opens a log that cannot be written: a read-only copy, or one whose disk is full. Nothing is made or changed beside it.
 * Throws `EventLogCorrupt` for what is no event log, and `EventLogUnavailable` for what cannot be read either.
 */
export const openLogToRead = (path: string): DatabaseSync => {
  let db: DatabaseSync | undefined
  try {
    db = sizeOf(`${path}-wal`) > 0 ? openBesideWriters(path) : new DatabaseSync(alone(path), { readOnly: true })
    checkLog(db, path)
    return db
  } catch (error) {
    db?.close()
    throw translateSqliteError(error, path, 'open')
  }
}

/** Without the files that writers share, which cannot be made here: all events are in the file itself. */
const alone = (path: string): URL => new URL(`${pathToFileURL(path).href}?immutable=1`)

const openBesideWriters = (path: string): DatabaseSync => {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
    return db
  } catch (cause) {
    db.close()
    const message = `the newest events of ${path} are in ${path}-wal, which SQLite cannot read where it cannot write: copy the folder to a disk that can be written, and look there (${messageOf(cause)})`
    throw new AppError('EventLogUnavailable', message, { details: { path }, cause })
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/**
 * A file that was put in the place of the one that is open is not seen by this process: what it appends would be in no file that anybody can open.
 * What is returned throws `LogRestored` then.
 */
export const sameFile = (path: string): (() => void) => {
  const opened = idOf(path)
  return () => {
    const found = idOf(path)
    if (found === opened) return
    throw logRestored(found === undefined ? `${path} is gone` : `${path} is another file than the one that was opened`)
  }
}

const idOf = (path: string): string | undefined => {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? undefined : `${found.dev}/${found.ino}`
}

export type ValueQuery = (...parameters: SQLInputValue[]) => unknown

/** A prepared query for one value of one row, undefined where there is no row. Rows as arrays take half the time of rows as objects. */
export const valueQuery = (db: DatabaseSync, sql: string): ValueQuery => {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  return (...parameters) => (statement.get(...parameters) as unknown as readonly unknown[] | undefined)?.[0]
}
