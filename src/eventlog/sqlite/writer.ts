import type { DatabaseSync } from 'node:sqlite'
import { decideAppend, decideDeletion } from '../append.ts'
import {
  conflict,
  streamDeleted,
  streamNotFound,
  type AppendResult,
  type ExpectedRevision,
  type NewEvent,
  type StoredEvent,
  type StreamMetadata,
} from '../event-log.ts'
import { valueQuery } from './database.ts'
import type { StreamRecord, StreamTable } from './streams.ts'
import { keyBegunAt, streamTable } from './streams.ts'

// What may be done inside one write transaction.
//
//   WRITE1. Nothing is cached across a commit of another connection: `begin` asks SQLite whether there was one.
//   WRITE2. A write that is refused has changed nothing, so the others of its transaction may still commit.
//   WRITE3. After a rollback nothing is known: `forget`.

export interface LogWriter {
  /** To be called first in each transaction. */
  begin(): void
  forget(): void
  /** `lengths` are those of the records, by which positions advance. */
  append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[], lengths: readonly number[]): Written
  remove(stream: string, expected: ExpectedRevision, kind: 'soft' | 'tombstone'): void
  /** The bytes of the events below are zeroed, the newest event stays. */
  truncate(stream: string, before: number): void
  setMetadata(stream: string, metadata: StreamMetadata): void
}

export interface Written {
  readonly result: AppendResult
  /** Gives the events as a reader of the log gets them; absent where this very append was stored before. */
  readonly appended?: () => readonly StoredEvent[]
}

const INSERT_EVENT = `
  INSERT INTO events (position, stream_key, revision, id, stored_at, type, data, meta, stream)
  VALUES (?, ?, ?, unhex(?, '-'), ?, ?, ?, ?, ?)`

export const logWriter = (db: DatabaseSync, now: () => number): LogWriter => {
  const table = streamTable(db)
  const streams = recentStreams(table)
  const dataVersion = valueQuery(db, 'PRAGMA data_version')
  const newestPosition = valueQuery(db, 'SELECT max(position) FROM events')
  const insert = db.prepare(INSERT_EVENT)
  let knownVersion: unknown
  let end = 0

  const save = (name: string, record: StreamRecord): void => {
    table.save(name, record)
    streams.forget(name)
  }

  const write = (name: string, stream: StreamRecord, events: readonly NewEvent[], lengths: readonly number[]): Written => {
    const opened = stream.status === 'deleted' ? reopened(stream) : stream
    if (opened !== stream) save(name, opened)
    const key = stream.head < 0 ? keyBegunAt(end + (lengths[0] ?? 0)) : stream.key
    const storedAt = now()
    const before = { position: end, revision: stream.head }
    let head = stream.head
    events.forEach(({ id, type, data, meta }, i) => {
      head += 1
      end += lengths[i] ?? 0
      insert.run(end, key, head, id, storedAt, type, data, meta, head === 0 ? name : null)
    })
    streams.remember(name, { ...opened, key, head })
    return {
      result: { revision: head, position: end },
      appended: () => asStored(events, lengths, { ...before, stream: name, storedAt }),
    }
  }

  return {
    begin() {
      const version = dataVersion()
      if (version === knownVersion) return
      streams.clear()
      end = Number(newestPosition() ?? 0)
      knownVersion = version
    },
    forget() {
      knownVersion = undefined
    },
    append(name, expected, events, lengths) {
      const stream = streams.named(name)
      const ids = events.map((event) => event.id)
      const decision = decideAppend(stream, expected, ids, table.storedIds(stream))
      if (decision.kind === 'conflict') throw conflict(name, expected, stream.head)
      if (decision.kind === 'deleted') throw streamDeleted(name)
      if (decision.kind === 'write') return write(name, stream, events, lengths)
      return { result: { revision: decision.last, position: table.positionAt(stream, decision.last) } }
    },
    ...streamChanges(eventRemover(db), streams, save),
  }
}

/** `before` holds the place that the first of them comes behind. */
const asStored = (
  events: readonly NewEvent[],
  lengths: readonly number[],
  before: Pick<StoredEvent, 'stream' | 'revision' | 'position' | 'storedAt'>,
): StoredEvent[] => {
  let { position } = before
  return events.map(({ id, type, data, meta }, i) => {
    position += lengths[i] ?? 0
    return { ...before, id, type, data, meta, revision: before.revision + 1 + i, position }
  })
}

const streamChanges = (
  removeBelow: ReturnType<typeof eventRemover>,
  streams: RecentStreams,
  save: (name: string, record: StreamRecord) => void,
): Pick<LogWriter, 'remove' | 'truncate' | 'setMetadata'> => ({
  remove(name, expected, kind) {
    const stream = streams.named(name)
    const decision = decideDeletion(stream, expected, kind)
    if (decision === 'conflict') throw conflict(name, expected, stream.head)
    if (decision === 'deleted') throw streamDeleted(name)
    save(name, { ...stream, status: kind === 'soft' ? 'deleted' : 'tombstoned' })
  },
  truncate(name, before) {
    const stream = streams.named(name)
    if (stream.status === 'tombstoned') throw streamDeleted(name)
    if (stream.head < 0 || stream.status === 'deleted') throw streamNotFound(name)
    const first = Math.min(before, stream.head)
    removeBelow(name, stream.key, first)
    const truncateBefore = Math.max(first, stream.metadata.truncateBefore ?? 0)
    save(name, { ...stream, metadata: { ...stream.metadata, truncateBefore }, hasMetadata: true })
  },
  setMetadata(name, metadata) {
    const stream = streams.named(name)
    if (stream.status === 'tombstoned') throw streamDeleted(name)
    save(name, { ...stream, metadata, hasMetadata: true })
  },
})

/** Zeroes what it frees. The first event of a stream tells whose it is. */
const eventRemover = (db: DatabaseSync): ((name: string, key: number, first: number) => void) => {
  const remove = db.prepare('DELETE FROM events WHERE stream_key = ? AND revision < ?')
  const nameFirst = db.prepare(
    'UPDATE events SET stream = ? WHERE stream_key = ? AND revision = (SELECT min(revision) FROM events WHERE stream_key = ?)',
  )
  return (name, key, first) => {
    db.exec('PRAGMA secure_delete = ON')
    remove.run(key, first)
    nameFirst.run(name, key, key)
  }
}

/** So many streams are known without a query at their next append. */
const RECENT_STREAMS = 10_000

interface RecentStreams {
  named(name: string): StreamRecord
  remember(name: string, record: StreamRecord): void
  forget(name: string): void
  clear(): void
}

const recentStreams = (table: StreamTable): RecentStreams => {
  const streams = new Map<string, StreamRecord>()
  const remember = (name: string, record: StreamRecord): void => {
    if (streams.size >= RECENT_STREAMS) streams.clear()
    streams.set(name, record)
  }
  return {
    named(name) {
      const known = streams.get(name)
      if (known !== undefined) return known
      const found = table.find(name)
      remember(name, found)
      return found
    },
    remember,
    forget: (name) => streams.delete(name),
    clear: () => streams.clear(),
  }
}

const reopened = (stream: StreamRecord): StreamRecord => {
  const openedAt = stream.head + 1
  const truncateBefore = Math.max(openedAt, stream.metadata.truncateBefore ?? 0)
  return { ...stream, status: 'open', openedAt, hasMetadata: true, metadata: { ...stream.metadata, truncateBefore } }
}
