import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import {
  streamDeleted,
  streamNotFound,
  passes,
  type Direction,
  type EventFilter,
  type ReadAllOptions,
  type ReadStreamOptions,
  type StoredEvent,
} from '../event-log.ts'
import type { StreamRecord } from './streams.ts'
import { streamTable, uuidOf } from './streams.ts'
import { valueQuery } from './database.ts'
import type { StreamWindow } from '../stream-window.ts'
import { narrow, streamWindow } from '../stream-window.ts'
import type { Page } from '../subscription.ts'

/** About half a millisecond of small events: no read holds the thread for longer. */
const PAGE_EVENTS = 256
/** UTF-16 units of data and meta, after which a page ends with the event that it has begun: no read holds more in memory. */
const PAGE_LENGTH = 4 * 1024 * 1024

/** Reads the next page. A call that throws may be repeated. */
export type NextPage = () => Pick<Page, 'events' | 'more'>

/** Every page is one finished query: nothing stays open in the data base while the reader is busy elsewhere. */
export interface LogReader {
  head(): number | undefined
  /** Revision of the last event ever written to this stream. */
  headOf(name: string): number | undefined
  /** An absent one where it never was; throws `StreamDeleted` for a tombstone. */
  stream(name: string): StreamRecord
  streamPages(name: string, options: ReadStreamOptions): NextPage
  logPages(options: ReadAllOptions): NextPage
  logPageAfter(after: number | undefined, filter: EventFilter | undefined): Page
  streamPageAfter(name: string, after: number | undefined, filter: EventFilter | undefined): Page
}

export const logReader = (db: DatabaseSync, now: () => number): LogReader => {
  const table = streamTable(db)
  const newestPosition = valueQuery(db, 'SELECT max(position) FROM events')
  const scans = { forwards: logScan(db, 'ASC'), backwards: logScan(db, 'DESC') }
  const reads = { forwards: streamRead(db, 'ASC'), backwards: streamRead(db, 'DESC') }

  const findHead = (): number | undefined => (newestPosition() as number | null) ?? undefined

  const find = (name: string): StreamRecord => {
    const record = table.find(name)
    if (record.status === 'tombstoned') throw streamDeleted(name)
    return record
  }

  const windowOf = (record: StreamRecord): StreamWindow => streamWindow(record.head, record.metadata, now())

  return {
    head: findHead,
    headOf: (name) => {
      const revision = table.find(name).head
      return revision < 0 ? undefined : revision
    },
    stream: find,
    streamPages(name, options) {
      const record = find(name)
      if (record.head < 0 || record.status === 'deleted') throw streamNotFound(name)
      const { direction = 'forwards', from, limit = Infinity } = options
      let window = narrow(windowOf(record), direction, from)
      let left = limit
      return () => {
        const events = reads[direction](name, record.key, window, Math.min(PAGE_EVENTS, left))
        left -= events.length
        window = behind(window, direction, events.at(-1)?.revision ?? 0)
        return { events, more: isFull(events, PAGE_EVENTS) && left > 0 }
      }
    },
    logPages(options) {
      const { direction = 'forwards', limit = Infinity, filter } = options
      let range = rangeOf(options, findHead() ?? -1)
      let left = limit
      return () => {
        const { events, end } = scans[direction](range, filter, Math.min(PAGE_EVENTS, left))
        left -= events.length
        if (end !== undefined) range = direction === 'forwards' ? { ...range, low: end + 1 } : { ...range, high: end - 1 }
        return { events, more: end !== undefined && left > 0 }
      }
    },
    logPageAfter(after, filter) {
      const high = findHead()
      if (high === undefined) return { events: [], end: after, more: false }
      const { events, end } = scans.forwards({ low: (after ?? -1) + 1, high }, filter, PAGE_EVENTS)
      return { events, end: end ?? Math.max(high, after ?? 0), more: end !== undefined }
    },
    streamPageAfter(name, after, filter) {
      const record = find(name)
      if (record.head < 0 || record.status === 'deleted') return { events: [], end: after, more: false }
      const window = narrow(windowOf(record), 'forwards', (after ?? -1) + 1)
      const events = reads.forwards(name, record.key, window, PAGE_EVENTS)
      const more = isFull(events, PAGE_EVENTS)
      const end = more ? events.at(-1)?.revision : Math.max(record.head, after ?? 0)
      return { events: events.filter((event) => passes(filter, event)), end, more }
    },
  }
}

const behind = (window: StreamWindow, direction: Direction, revision: number): StreamWindow =>
  direction === 'forwards' ? { ...window, first: revision + 1 } : { ...window, last: revision - 1 }

/** What is appended during the read is not part of it. */
const rangeOf = ({ direction = 'forwards', from }: ReadAllOptions, newest: number): Range =>
  direction === 'forwards' ? { low: from ?? 0, high: newest } : { low: 0, high: Math.min(newest, (from ?? Infinity) - 1) }

type StreamRead = (name: string, key: number, window: StreamWindow, limit: number) => StoredEvent[]

const streamRead = (db: DatabaseSync, order: 'ASC' | 'DESC'): StreamRead => {
  const rows = rowsOf(
    db.prepare(`
      SELECT hex(id), type, data, meta, revision, position, stored_at FROM events
      WHERE stream_key = ? AND revision BETWEEN ? AND ? AND stored_at > ? ORDER BY revision ${order} LIMIT ?`),
  )
  return (name, key, { first, last, storedAfter }, limit) => rows(key, first, last, storedAfter, limit).map((row) => eventOf(row, name))
}

interface Range {
  readonly low: number
  readonly high: number
}

/** `end` is where the next page goes on, undefined where there is none. */
type LogScan = (range: Range, filter: EventFilter | undefined, limit: number) => { events: StoredEvent[]; end: number | undefined }

const logScan = (db: DatabaseSync, order: 'ASC' | 'DESC'): LogScan => {
  const columns = `hex(id), type, data, meta, revision, position, stored_at,
    coalesce(stream, (SELECT opening.stream FROM events AS opening WHERE opening.stream_key = events.stream_key ORDER BY opening.revision LIMIT 1)) AS name`
  const page = `FROM events WHERE position BETWEEN ? AND ? ORDER BY position ${order} LIMIT ?`
  const all = rowsOf(db.prepare(`SELECT ${columns} ${page}`))
  const filtered = rowsOf(
    db.prepare(
      `SELECT ${columns} FROM events WHERE position BETWEEN ? AND ? AND instr(type, ?) = 1 AND instr(name, ?) = 1 ORDER BY position ${order} LIMIT ?`,
    ),
  )
  const considered = db.prepare(`SELECT count(*) AS events, min(position) AS low, max(position) AS high FROM (SELECT position ${page})`)

  const scanAll: LogScan = ({ low, high }, _, limit) => {
    const events = all(low, high, limit).map((row) => eventOf(row, row[7]))
    return { events, end: isFull(events, limit) ? events.at(-1)?.position : undefined }
  }
  // A filter that lets little pass would search the whole log for one page, so a page ends after so many events looked at.
  const scanFiltered = ({ low, high }: Range, filter: EventFilter, limit: number): ReturnType<LogScan> => {
    const part = considered.get(low, high, PAGE_EVENTS) as unknown as Range & { events: number }
    if (part.events === 0) return { events: [], end: undefined }
    const events = filtered(part.low, part.high, filter.typePrefix ?? '', filter.streamPrefix ?? '', limit).map((row) =>
      eventOf(row, row[7]),
    )
    if (isFull(events, limit)) return { events, end: events.at(-1)?.position }
    return { events, end: part.events < PAGE_EVENTS ? undefined : order === 'ASC' ? part.high : part.low }
  }
  return (range, filter, limit) => (filter === undefined ? scanAll(range, undefined, limit) : scanFiltered(range, filter, limit))
}

type Row = readonly [
  id: string,
  type: string,
  data: string,
  meta: string,
  revision: number,
  position: number,
  storedAt: number,
  stream: string,
]

/** Rows as arrays, which takes half the time of rows as objects, up to the length of a page. */
const rowsOf = (statement: StatementSync): ((...values: SQLInputValue[]) => Row[]) => {
  statement.setReturnArrays(true)
  return (...values) => {
    const rows: Row[] = []
    let length = 0
    for (const row of statement.iterate(...values) as unknown as Iterable<Row>) {
      rows.push(row)
      length += row[2].length + row[3].length
      if (length >= PAGE_LENGTH) break
    }
    return rows
  }
}

/** Whether there may be more behind these events of one query. */
const isFull = (events: readonly StoredEvent[], limit: number): boolean =>
  events.length >= limit || events.reduce((length, { data, meta }) => length + data.length + meta.length, 0) >= PAGE_LENGTH

const eventOf = ([id, type, data, meta, revision, position, storedAt]: Row, stream: string): StoredEvent => ({
  id: uuidOf(id),
  type,
  data,
  meta,
  stream,
  revision,
  position,
  storedAt,
})
