import type { DatabaseSync } from 'node:sqlite'
import { isAppError } from '../../errors.ts'
import type { CommitGroup, Outcome, Write } from './commit-queue.ts'
import type { SqlitePhase } from './errors.ts'
import { isBusy, translateSqliteError } from './errors.ts'
import type { LogWriter, Written } from './writer.ts'

export interface LogWrite extends Write {
  readonly stream: string
  /** Of an append, what it has written. */
  readonly run: (writer: LogWriter) => Written | undefined
}

/**
 * A refused write fails alone and the rest commit. An error of SQLite itself takes the whole transaction with it:
 * then each write gets a transaction of its own, so that only the guilty one fails. What `checkFile` throws, all of them fail with.
 */
export const sqliteCommit = (db: DatabaseSync, writer: LogWriter, path: string, checkFile: () => void): CommitGroup<LogWrite> => {
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')

  const transaction = (writes: readonly LogWrite[]): Outcome[] => {
    let phase: SqlitePhase = 'write'
    try {
      checkFile()
      begin.run()
      writer.begin()
      const outcomes = writes.map((write) => attempt(write, writer))
      phase = 'commit'
      commit.run()
      return outcomes
    } catch (error) {
      writer.forget()
      if (db.isTransaction) db.exec('ROLLBACK')
      if (isBusy(error)) throw error
      throw translateSqliteError(error, path, phase)
    }
  }

  const alone = (write: LogWrite): Outcome => {
    try {
      return transaction([write])[0] ?? { error: new Error('a write without an outcome') }
    } catch (error) {
      return { error: translateSqliteError(error, path, 'write') }
    }
  }

  return (writes) => {
    try {
      return transaction(writes)
    } catch (error) {
      if (isBusy(error)) return 'busy'
      return writes.length === 1 ? [{ error }] : writes.map(alone)
    }
  }
}

const attempt = (write: LogWrite, writer: LogWriter): Outcome => {
  try {
    return { value: write.run(writer) }
  } catch (error) {
    if (isAppError(error)) return { error }
    throw error
  }
}
