import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { AppError } from '../../errors.ts'
import { checkExpected, checkStreamName, measureAppend } from '../append.ts'
import type { CommitQueue } from './commit-queue.ts'
import { commitQueue } from './commit-queue.ts'
import { logClosed, type EventLog, type ExpectedRevision, type StoredEvent } from '../event-log.ts'
import { logNeighbours } from './log-neighbours.ts'
import type { LogWrite } from './commit.ts'
import { sqliteCommit } from './commit.ts'
import { openLogDatabase, openLogToRead, sameFile } from './database.ts'
import { isBusy, translateSqliteError } from './errors.ts'
import type { LogReader, NextPage } from './reader.ts'
import { logReader } from './reader.ts'
import { announcing, neighbourlyWakeUps } from './subscribers.ts'
import type { LogWriter, Written } from './writer.ts'
import { logWriter } from './writer.ts'
import { checkMetadata, checkReadOptions } from '../stream-window.ts'
import type { SubscriptionSource } from '../subscription.ts'
import { backlog, subscription } from '../subscription.ts'

export interface SqliteEventLogOptions {
  readonly path: string
  readonly clock: Clock
  /** Why it is opened for reading alone: every write is refused with it. */
  readonly unwritable?: AppError
}

/**
 * The embedded log: one file, durable at each append, for as many processes of one machine as there are; on a local disk.
 * Throws `EventLogCorrupt` for what is no event log or not whole, `EventLogUnavailable` for what cannot be opened.
 */
export const sqliteEventLog = ({ path, clock, unwritable }: SqliteEventLogOptions): EventLog => {
  const db = unwritable === undefined ? openLogDatabase(path) : openLogToRead(path)
  const neighbours = logNeighbours(`${path}-news`, clock)
  const bells = neighbourlyWakeUps(db, neighbours)
  const reader = logReader(db, () => clock.now())
  const writer = logWriter(db, () => clock.now())
  const checkFile = sameFile(path)
  const queue = commitQueue(announcing(sqliteCommit(db, writer, path, checkFile), bells, neighbours), clock)
  let closing: Promise<void> | undefined

  const checkOpen = (): void => {
    if (closing !== undefined) throw logClosed()
  }
  const read: Query = (query) => {
    checkOpen()
    return patiently(db, path, query)
  }
  const shutDown = async (): Promise<void> => {
    await queue.close()
    neighbours.close()
    db.close()
  }

  const checkWritable = (): void => {
    checkOpen()
    if (unwritable !== undefined) throw unwritable
  }

  return {
    ...writesOf(queue, checkWritable, () => {
      emptyWal(db)
    }),
    readStream: (stream, options = {}) =>
      eventsOf(read, () => {
        checkStreamName(stream)
        checkReadOptions(options)
        return reader.streamPages(stream, options)
      }),
    readAll: (options = {}) =>
      eventsOf(read, () => {
        checkReadOptions(options)
        return reader.logPages(options)
      }),
    subscribe: (options = {}) => subscription(sourceOf({ wakeUps: bells, checkOpen, reader, read }), options),
    backlog: (options = {}) => backlog(sourceOf({ wakeUps: bells, checkOpen, reader, read }), options),
    async head() {
      checkOpen()
      checkFile()
      return read(() => reader.head())
    },
    async getMetadata(stream) {
      checkStreamName(stream)
      return read(() => reader.stream(stream).metadata)
    },
    close() {
      closing ??= shutDown()
      bells.ringAll()
      return closing
    },
  }
}

type Writes = Pick<EventLog, 'append' | 'deleteStream' | 'tombstoneStream' | 'truncateStream' | 'setMetadata'>

const writesOf = (queue: CommitQueue<LogWrite>, checkOpen: () => void, emptied: () => void): Writes => {
  const write = <Result extends Written | undefined>(stream: string, bytes: number, run: (writer: LogWriter) => Result): Promise<Result> =>
    queue.add({ stream, bytes, run }) as Promise<Result>
  const change = async (stream: string, make: (writer: LogWriter) => void): Promise<void> => {
    await write(stream, 0, (writer) => {
      make(writer)
      return undefined
    })
  }

  const remove = async (stream: string, expected: ExpectedRevision, kind: 'soft' | 'tombstone'): Promise<void> => {
    checkOpen()
    checkStreamName(stream)
    checkExpected(expected)
    await change(stream, (writer) => writer.remove(stream, expected, kind))
  }
  return {
    async append(stream, expected, events) {
      checkOpen()
      const lengths = measureAppend(stream, expected, events)
      const bytes = lengths.reduce((sum, length) => sum + length, 0)
      return (await write(stream, bytes, (writer) => writer.append(stream, expected, events, lengths))).result
    },
    deleteStream: (stream, expected) => remove(stream, expected, 'soft'),
    tombstoneStream: (stream, expected) => remove(stream, expected, 'tombstone'),
    async truncateStream(stream, before) {
      checkOpen()
      checkStreamName(stream)
      checkMetadata(stream, { truncateBefore: before })
      await change(stream, (writer) => writer.truncate(stream, before))
      emptied()
    },
    async setMetadata(stream, metadata) {
      checkOpen()
      checkStreamName(stream)
      checkMetadata(stream, metadata)
      await change(stream, (writer) => writer.setMetadata(stream, metadata))
    },
  }
}

/** What was deleted is still in the file beside the log. Where a reader is in the way, a later checkpoint empties it. */
const emptyWal = (db: DatabaseSync): void => {
  try {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch (error) {
    if (!isBusy(error)) throw error
  }
}

/** Runs a query while the log is open. */
type Query = <T>(query: () => T) => T

const READ_PATIENCE_MS = 5_000

/** Readers are held up only for the moment in which another process opens, closes or recovers the log. */
const patiently = <T>(db: DatabaseSync, path: string, query: () => T): T => {
  try {
    return query()
  } catch (error) {
    if (!isBusy(error)) throw translateSqliteError(error, path, 'read')
  }
  try {
    db.exec(`PRAGMA busy_timeout = ${READ_PATIENCE_MS}`)
    return query()
  } catch (error) {
    throw translateSqliteError(error, path, 'read')
  } finally {
    db.exec('PRAGMA busy_timeout = 0')
  }
}

async function* eventsOf(read: Query, open: () => NextPage): AsyncGenerator<StoredEvent, void, undefined> {
  const nextPage = read(open)
  for (;;) {
    const { events, more } = read(nextPage)
    for (const event of events) yield event
    if (!more) return
    await nextTurn()
  }
}

interface SourceParts extends Pick<SubscriptionSource, 'wakeUps' | 'checkOpen'> {
  readonly reader: LogReader
  readonly read: Query
}

const sourceOf = ({ wakeUps, checkOpen, reader, read }: SourceParts): SubscriptionSource => ({
  wakeUps,
  checkOpen,
  newest: (stream) => read(() => (stream === undefined ? reader.head() : reader.headOf(stream))),
  pageAfter: (after, { stream, filter }) =>
    read(() => (stream === undefined ? reader.logPageAfter(after, filter) : reader.streamPageAfter(stream, after, filter))),
  breathe: () => nextTurn(),
})
