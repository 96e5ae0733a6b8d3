import { DatabaseSync } from 'node:sqlite'
import { rmSync } from 'node:fs'
import { AppError, messageOf } from '../errors.ts'
import { beginPrivateFile } from '../private-files.ts'
import type { Snapshot, SnapshotStore } from './snapshot-store.ts'

const CREATE = `
create table if not exists snapshots (
  run_id text not null, revision integer not null, text text not null, primary key (run_id, revision)
) strict, without rowid`

/** A file of its own, which may be deleted at any time; one that is corrupt is begun anew. */
export const sqliteSnapshotStore = ({ path }: { readonly path: string }): SnapshotStore => {
  const db = openFile(path)
  const select = db.prepare('select revision, text from snapshots where run_id = ? and revision <= ? order by revision')
  const insert = db.prepare('insert or replace into snapshots (run_id, revision, text) values (?, ?, ?)')
  const remove = db.prepare('delete from snapshots where run_id = ?')
  const guarded = <Result>(work: () => Result): Promise<Result> => {
    try {
      return Promise.resolve(work())
    } catch (cause) {
      const message = `The snapshots at ${path} cannot be used: ${messageOf(cause)}`
      return Promise.reject(new AppError('EventLogUnavailable', message, { retryable: true, cause }))
    }
  }
  return {
    upTo: (runId, revision) => guarded(() => select.all(runId, revision) as unknown as Snapshot[]),
    put: (runId, { revision, text }) => guarded(() => void insert.run(runId, revision, text)),
    drop: (runId) => guarded(() => void remove.run(runId)),
    close: () =>
      guarded(() => {
        db.close()
      }),
  }
}

const openFile = (path: string): DatabaseSync => {
  try {
    return open(path)
  } catch {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
    return open(path)
  }
}

const open = (path: string): DatabaseSync => {
  beginPrivateFile(path)
  const db = new DatabaseSync(path, { timeout: 5_000 })
  db.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma secure_delete = on')
  db.exec(CREATE)
  return db
}
