import type { DatabaseSync } from 'node:sqlite'
import { type StoredIds, type StreamState, LOOSE_RETRY_WINDOW } from '../append.ts'
import type { StreamMetadata } from '../event-log.ts'
import { valueQuery } from './database.ts'

export interface StreamRecord extends StreamState {
  readonly key: number
  readonly metadata: StreamMetadata
}

export interface StreamTable {
  /** Also of a stream without events: head -1, and a key that no event has. */
  find(name: string): StreamRecord
  /** Keeps all but the head, which follows from the events. */
  save(name: string, record: StreamRecord): void
  storedIds(record: StreamRecord): StoredIds
  positionAt(record: StreamRecord, revision: number): number
}

/** Of a stream that was deleted or was given metadata. */
interface StreamRow {
  readonly status: StreamState['status']
  readonly opened_at: number
  readonly metadata: string | null
}

interface EventRow {
  readonly position: number
  readonly id: string
}

const NO_KEY = -1

/**
 * Events carry a number for the name of their stream: the place of its first event, which has the name too. So streams that are written at one
 * time lie side by side in the index, however large the log has become. What format 1 made from a hash of the name is below all of these.
 */
export const keyBegunAt = (position: number): number => HASHES_END + position

const HASHES_END = 2 ** 44

export const streamTable = (db: DatabaseSync): StreamTable => {
  // Three small queries: most of what they ask for is absent, which costs next to nothing, and one query with a join costs four times as much.
  const keyOf = valueQuery(db, 'SELECT stream_key FROM events WHERE stream = ?')
  const newest = valueQuery(db, 'SELECT revision FROM events WHERE stream_key = ? ORDER BY revision DESC LIMIT 1')
  const special = db.prepare('SELECT status, opened_at, metadata FROM streams WHERE name = ?')
  const save = db.prepare('REPLACE INTO streams (name, status, opened_at, metadata) VALUES (?, ?, ?, ?)')
  const atRevision = db.prepare('SELECT position, hex(id) AS id FROM events WHERE stream_key = ? AND revision = ?')
  const withId = db.prepare(
    `SELECT revision FROM events WHERE stream_key = ? AND revision > ? AND id = unhex(?, '-') ORDER BY revision DESC LIMIT 1`,
  )
  const eventAt = ({ key }: StreamRecord, revision: number): EventRow | undefined =>
    atRevision.get(key, revision) as unknown as EventRow | undefined

  const placeOf = (name: string): Pick<StreamRecord, 'key' | 'head'> => {
    const key = keyOf(name)
    return key === undefined ? { key: NO_KEY, head: -1 } : { key: Number(key), head: Number(newest(Number(key))) }
  }

  return {
    find(name) {
      const place = placeOf(name)
      const row = special.get(name) as unknown as StreamRow | undefined
      if (row === undefined) return { ...place, status: 'open', openedAt: 0, hasMetadata: false, metadata: {} }
      const { status, opened_at: openedAt, metadata } = row
      const hasMetadata = metadata !== null
      return { ...place, status, openedAt, hasMetadata, metadata: hasMetadata ? (JSON.parse(metadata) as StreamMetadata) : {} }
    },
    save(name, { status, openedAt, hasMetadata, metadata }) {
      save.run(name, status, openedAt, hasMetadata ? JSON.stringify(metadata) : null)
    },
    storedIds: (record) => ({
      idAt(revision) {
        const event = eventAt(record, revision)
        return event === undefined ? undefined : uuidOf(event.id)
      },
      revisionOf(id) {
        const row = withId.get(record.key, record.head - LOOSE_RETRY_WINDOW, id)
        return row === undefined ? undefined : Number(row.revision)
      },
    }),
    positionAt(record, revision) {
      const event = eventAt(record, revision)
      if (event === undefined) throw new Error(`no event at revision ${revision}`)
      return event.position
    },
  }
}

/** From the 32 digits of SQLite's `hex()`. */
export const uuidOf = (hex: string): string => {
  const id = hex.toLowerCase()
  return `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`
}
