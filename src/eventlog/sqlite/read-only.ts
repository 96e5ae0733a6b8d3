import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { AppError, messageOf } from '../../errors.ts'
import { checkLog } from './database.ts'
import { translateSqliteError } from './errors.ts'

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
