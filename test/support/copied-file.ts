import { renameSync, rmSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'

/** A copy of a log in use, by SQLite's own means. */
export const copyLogFile = async (from: string, to: string): Promise<void> => {
  const db = new DatabaseSync(from, { readOnly: true })
  await backup(db, to)
  db.close()
}

/** As whoever restores it does: the copy takes the place of the file and of what SQLite keeps beside it. */
export const restoreLogFile = (copy: string, log: string): void => {
  for (const beside of ['-wal', '-shm']) rmSync(`${log}${beside}`, { force: true })
  renameSync(copy, log)
}
