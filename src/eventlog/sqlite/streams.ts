import type { DatabaseSync } from 'node:sqlite'
import { sha256 } from '../../hash.ts'
import { type StoredIds, type StreamState, LOOSE_RETRY_WINDOW } from '../append.ts'
import type { StreamMetadata } from '../event-log.ts'
import { valueQuery } from './database.ts'

export interface StreamRecord extends StreamState {
  readonly key: number
  readonly metadata: StreamMetadata
}

export interface StreamTable {
  /** Also of a stream that never was: head -1, and the key that its first event will have. */
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

/**
 * Events carry a short number for the name of their stream, made from its hash, so that a new stream needs no row and no page
 * of its own. Where that number is taken by another name the next one serves: the first event of a stream tells whose it is.
 */
export const streamTable = (db: DatabaseSync): StreamTable => {
  // Three small queries: most of what they ask for is absent, which costs next to nothing, and one query with a join costs four times as much.
  const newest = valueQuery(db, 'SELECT revision FROM events WHERE stream_key = ? ORDER BY revision DESC LIMIT 1')
  const holder = valueQuery(db, 'SELECT stream FROM events WHERE stream_key = ? ORDER BY revision LIMIT 1')
  const special = db.prepare('SELECT status, opened_at, metadata FROM streams WHERE name = ?')
  const save = db.prepare('REPLACE INTO streams (name, status, opened_at, metadata) VALUES (?, ?, ?, ?)')
  const atRevision = db.prepare('SELECT position, hex(id) AS id FROM events WHERE stream_key = ? AND revision = ?')
  const withId = db.prepare(
    `SELECT revision FROM events WHERE stream_key = ? AND revision > ? AND id = unhex(?, '-') ORDER BY revision DESC LIMIT 1`,
  )
  const eventAt = ({ key }: StreamRecord, revision: number): EventRow | undefined =>
    atRevision.get(key, revision) as unknown as EventRow | undefined

  const placeOf = (name: string): Pick<StreamRecord, 'key' | 'head'> => {
    for (let key = firstKeyOf(name); ; key++) {
      const head = newest(key)
      if (head === undefined) return { key, head: -1 }
      if (holder(key) === name) return { key, head: Number(head) }
    }
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

/** 44 bits, which SQLite keeps in six bytes. */
const firstKeyOf = (name: string): number => Number.parseInt(sha256(name).slice(0, 11), 16)

/** From the 32 digits of SQLite's `hex()`. */
export const uuidOf = (hex: string): string => {
  const id = hex.toLowerCase()
  return `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`
}
