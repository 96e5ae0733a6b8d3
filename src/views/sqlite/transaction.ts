import type { DatabaseSync } from 'node:sqlite'

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
