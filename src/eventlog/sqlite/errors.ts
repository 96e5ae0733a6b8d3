import { AppError, isAppError, messageOf } from '../../errors.ts'

// Primary result codes, https://www.sqlite.org/rescode.html
const BUSY = 5
const LOCKED = 6
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const NOTADB = 26
const IOERR_SHORT_READ = 522

const codeOf = (error: unknown): number | undefined => {
  const code: unknown = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof code === 'number' ? code : undefined
}

const primaryOf = (error: unknown): number | undefined => {
  const code = codeOf(error)
  return code === undefined ? undefined : code & 0xff
}

/** Another connection holds the lock that this one needs. */
export const isBusy = (error: unknown): boolean => primaryOf(error) === BUSY || primaryOf(error) === LOCKED

export const isFull = (error: unknown): boolean => primaryOf(error) === FULL

/** What was under way when SQLite failed. After a failed write to disk only a commit leaves it open whether it was stored. */
export type SqlitePhase = 'open' | 'read' | 'write' | 'commit'

export const translateSqliteError = (error: unknown, path: string, phase: SqlitePhase): AppError => {
  if (isAppError(error)) return error
  const details = { path, phase, sqliteCode: codeOf(error) }
  const because = `: ${messageOf(error)}`
  const primary = primaryOf(error)
  if (primary === CORRUPT || primary === NOTADB || codeOf(error) === IOERR_SHORT_READ) {
    const found = primary === NOTADB ? 'is no SQLite data base' : 'is truncated or corrupt'
    return new AppError('EventLogCorrupt', `the event log ${path} ${found}${because}; restore it from a backup`, { details, cause: error })
  }
  if (primary === IOERR && phase === 'commit') {
    const message = `the disk failed while ${path} was committed, so the append may or may not be stored${because}`
    return new AppError('OutcomeUnknown', message, { retryable: true, details, cause: error })
  }
  const state = primary === FULL ? 'has no space left on its disk' : primary === BUSY ? 'is held by another process' : `failed to ${phase}`
  return new AppError('EventLogUnavailable', `the event log ${path} ${state}${because}`, { retryable: true, details, cause: error })
}
