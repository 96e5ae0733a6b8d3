import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { runRowFormat } from '../projections/run-index.ts'

/** To be counted up with every change of the tables. */
const TABLES_VERSION = 3
/** A file of any other is begun anew. */
export const VIEWS_FORMAT = `${TABLES_VERSION}/${runRowFormat}`

/** How long a transaction waits for that of another process. */
const BUSY_TIMEOUT_MS = 5_000

const DROP = 'drop table if exists runs; drop table if exists state; drop table if exists offsets;'

// `due_at` is empty where no worker has to look. Every views ends with what its query sorts by.
const CREATE = `
create table state (
  one integer primary key check (one = 1), format text not null, log text, position integer, generation integer not null default 0
) strict;
create table offsets (topic text not null, partition integer not null, next integer not null, primary key (topic, partition)) strict;
create table runs (
  run_id text primary key, revision integer not null, position integer not null,
  status text not null, agent text not null, waits_for text, tenant text, due_at integer, row text not null
) strict;
create index runs_newest on runs (position);
create index runs_of_status on runs (status, position);
create index runs_of_agent on runs (agent, position);
create index runs_of_tenant on runs (tenant, position) where tenant is not null;
create index runs_waiting on runs (waits_for, position) where waits_for is not null;
create index runs_due on runs (due_at, position) where due_at is not null;
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
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    db.exec('pragma journal_mode = wal; pragma synchronous = normal;')
    inTransaction(db, () => {
      if (formatOf(db) === VIEWS_FORMAT) return
      db.exec(`${DROP}${CREATE}`)
      db.prepare('insert into state (one, format) values (1, ?)').run(VIEWS_FORMAT)
    })
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

const formatOf = (db: DatabaseSync): unknown => {
  const known = db.prepare("select 1 from pragma_table_info('state') where name = 'format'").get()
  return known === undefined ? undefined : db.prepare('select format from state').get()?.['format']
}

/** Takes the write lock at once: a transaction that read first could not wait for it. */
export const inTransaction = <Result>(db: DatabaseSync, work: () => Result): Result => {
  db.exec('begin immediate')
  try {
    const result = work()
    db.exec('commit')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('rollback')
    throw error
  }
}
