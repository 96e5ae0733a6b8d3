import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { beginPrivateFile } from '../../private-files.ts'
import { inTransaction } from './transaction.ts'
import { dropShadows } from './shadow.ts'
import { createTables, sqliteDialect, viewsFormat } from '../table-sql.ts'
import { viewTables } from '../view-tables.ts'

/** How long a transaction waits for that of another process. */
const BUSY_TIMEOUT_MS = 5_000

/** Of 4 KiB, in the file beside the views. The same pages change in one batch after another, and a checkpoint writes each of them once. */
const CHECKPOINT_PAGES = 4_000

const DROP = ['refold_view_state', 'refold_view_offsets', ...viewTables.map(({ name }) => name)]
  .map((name) => `drop table if exists ${name};`)
  .join('\n')

const CREATE = `
create table refold_view_state (
  one integer primary key check (one = 1), format text not null, log text, position integer, generation integer not null default 0,
  rebuild text, paused_since integer
) strict;
create table refold_view_offsets (
  topic text not null, partition integer not null, next integer not null, primary key (topic, partition)
) strict;
${createTables(sqliteDialect, '')}
`

/**
 * Opens the file, or begins a new one where there is none or where it is corrupt. Tables of another format are replaced in one
 * transaction, so that of two processes that open the file at once only one does it.
 */
export const openViewFile = (path: string): DatabaseSync => {
  try {
    return open(path)
  } catch (error) {
    if (!isCorrupt(error)) throw error
    removeViewFile(path)
    return open(path)
  }
}

/** With what SQLite keeps beside it. */
export const removeViewFile = (path: string): void => {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
}

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** Whether the file holds what SQLite did not write. */
export const isCorrupt = (error: unknown): boolean => {
  // An extended code carries its primary one in the lowest byte.
  const code = isSqliteError(error) ? error.errcode & 0xff : undefined
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB
}

export const isSqliteError = (error: unknown): error is Error & { readonly errcode: number } =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'

const open = (path: string): DatabaseSync => {
  beginPrivateFile(path)
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    db.exec(`pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    inTransaction(db, () => {
      if (formatOf(db) === viewsFormat) return
      dropShadows(db)
      db.exec(`${DROP}${CREATE}`)
      db.prepare('insert into refold_view_state (one, format) values (1, ?)').run(viewsFormat)
    })
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

const formatOf = (db: DatabaseSync): unknown => {
  const known = db.prepare("select 1 from pragma_table_info('refold_view_state') where name = 'format'").get()
  return known === undefined ? undefined : db.prepare('select format from refold_view_state').get()?.['format']
}
