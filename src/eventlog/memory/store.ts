import type { Clock } from '../../clock.ts'
import {
  type AppendDecision,
  type StoredIds,
  type StreamState,
  decideAppend,
  decideDeletion,
  LOOSE_RETRY_WINDOW,
  NEW_STREAM,
  checkExpected,
  checkStreamName,
  measureAppend,
} from '../append.ts'
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
import { checkMetadata } from '../stream-window.ts'

export interface MemoryStream {
  readonly events: StoredEvent[]
  status: StreamState['status']
  metadata: StreamMetadata
  hasMetadata: boolean
  openedAt: number
}

export interface MemoryStore {
  readonly clock: Clock
  readonly all: StoredEvent[]
  readonly streams: Map<string, MemoryStream>
}

const NO_STREAM: MemoryStream = { events: [], status: 'open', metadata: {}, hasMetadata: false, openedAt: 0 }

/** An empty one where it never was; `StreamDeleted` for a tombstone. */
export const openStream = (store: MemoryStore, name: string): MemoryStream => {
  checkStreamName(name)
  const stream = store.streams.get(name) ?? NO_STREAM
  if (stream.status === 'tombstoned') throw streamDeleted(name)
  return stream
}

export interface Appended {
  readonly result: AppendResult
  /** None where this very append was stored before. */
  readonly events: readonly StoredEvent[]
}

export const append = (store: MemoryStore, stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Appended => {
  const lengths = measureAppend(stream, expected, events)
  const target = store.streams.get(stream)
  const decision = decide(target, expected, events)
  if (decision.kind === 'conflict') throw conflict(stream, expected, (target?.events.length ?? 0) - 1)
  if (decision.kind === 'deleted') throw streamDeleted(stream)
  if (decision.kind === 'stored') return { result: resultOf(target?.events[decision.last]), events: [] }
  const written = write(store, stream, events, lengths)
  return { result: resultOf(written.at(-1)), events: written }
}

const decide = (stream: MemoryStream | undefined, expected: ExpectedRevision, events: readonly NewEvent[]): AppendDecision =>
  decideAppend(
    stateOf(stream),
    expected,
    events.map((event) => event.id),
    storedIds(stream?.events ?? []),
  )

const stateOf = (stream: MemoryStream | undefined): StreamState =>
  stream === undefined
    ? NEW_STREAM
    : { head: stream.events.length - 1, status: stream.status, hasMetadata: stream.hasMetadata, openedAt: stream.openedAt }

const storedIds = (events: readonly StoredEvent[]): StoredIds => ({
  idAt: (revision) => events[revision]?.id,
  revisionOf(id) {
    const oldest = Math.max(0, events.length - LOOSE_RETRY_WINDOW)
    for (let revision = events.length - 1; revision >= oldest; revision--) if (events[revision]?.id === id) return revision
    return undefined
  },
})

const write = (store: MemoryStore, name: string, events: readonly NewEvent[], lengths: readonly number[]): readonly StoredEvent[] => {
  const stream = createdStream(store, name)
  if (stream.status === 'deleted') reopen(stream)
  const storedAt = store.clock.now()
  let position = store.all.at(-1)?.position ?? 0
  return events.map((event, i) => {
    position += lengths[i] ?? 0
    const { id, type, data, meta } = event
    const stored: StoredEvent = { id, type, data, meta, stream: name, revision: stream.events.length, position, storedAt }
    stream.events.push(stored)
    store.all.push(stored)
    return stored
  })
}

const createdStream = (store: MemoryStore, name: string): MemoryStream => {
  let stream = store.streams.get(name)
  if (stream === undefined) {
    stream = { events: [], status: 'open', metadata: {}, hasMetadata: false, openedAt: 0 }
    store.streams.set(name, stream)
  }
  return stream
}

const reopen = (stream: MemoryStream): void => {
  stream.status = 'open'
  stream.openedAt = stream.events.length
  stream.metadata = { ...stream.metadata, truncateBefore: Math.max(stream.events.length, stream.metadata.truncateBefore ?? 0) }
}

const resultOf = (last: StoredEvent | undefined): AppendResult => {
  if (last === undefined) throw new Error('an append without a last event')
  return { revision: last.revision, position: last.position }
}

export const markDeleted = (store: MemoryStore, name: string, expected: ExpectedRevision, kind: 'soft' | 'tombstone'): void => {
  checkStreamName(name)
  checkExpected(expected)
  const state = stateOf(store.streams.get(name))
  const decision = decideDeletion(state, expected, kind)
  if (decision === 'deleted') throw streamDeleted(name)
  if (decision === 'conflict') throw conflict(name, expected, state.head)
  createdStream(store, name).status = kind === 'soft' ? 'deleted' : 'tombstoned'
}

/** Leaves holes, so that a revision stays the index of its event. */
export const truncate = (store: MemoryStore, name: string, before: number): void => {
  const stream = openStream(store, name)
  if (stream.events.length === 0 || stream.status === 'deleted') throw streamNotFound(name)
  checkMetadata(name, { truncateBefore: before })
  const first = Math.min(before, stream.events.length - 1)
  const kept = stream.events.slice(first)
  stream.events.length = 0
  stream.events.length = first
  stream.events.push(...kept)
  const left = store.all.filter((event) => event.stream !== name || event.revision >= first)
  store.all.splice(0, store.all.length, ...left)
  stream.metadata = { ...stream.metadata, truncateBefore: Math.max(first, stream.metadata.truncateBefore ?? 0) }
  stream.hasMetadata = true
}

export const setMetadata = (store: MemoryStore, name: string, metadata: StreamMetadata): void => {
  openStream(store, name)
  checkMetadata(name, metadata)
  const stream = createdStream(store, name)
  stream.metadata = metadata
  stream.hasMetadata = true
}
