import type { Clock } from '../clock.ts'
import type { AppendDecision, StoredIds, StreamState } from './append-decision.ts'
import { decideAppend, decideDeletion, LOOSE_RETRY_WINDOW, NEW_STREAM } from './append-decision.ts'
import { checkExpected, checkStreamName, measureAppend } from './append-request.ts'
import { passes } from './event-filter.ts'
import { conflict, logClosed, streamDeleted, streamNotFound } from './event-log-errors.ts'
import type {
  AppendResult,
  EventLog,
  ExpectedRevision,
  NewEvent,
  ReadAllOptions,
  ReadStreamOptions,
  StoredEvent,
  StreamMetadata,
  SubscribeOptions,
} from './event-log.ts'
import { checkMetadata, checkReadOptions, narrow, streamWindow } from './stream-window.ts'
import type { Page, SubscriptionSource } from './subscription.ts'
import { subscription } from './subscription.ts'
import { wakeUps } from './wake-ups.ts'

interface MemoryStream {
  readonly events: StoredEvent[]
  status: StreamState['status']
  metadata: StreamMetadata
  hasMetadata: boolean
  openedAt: number
}

interface MemoryStore {
  readonly clock: Clock
  readonly all: StoredEvent[]
  readonly streams: Map<string, MemoryStream>
}

const PAGE_EVENTS = 256

/** For tests and the simulator: deterministic, since it uses no timer, no chance and no time but the given clock's. */
export const memoryEventLog = ({ clock }: { readonly clock: Clock }): EventLog => {
  const store: MemoryStore = { clock, all: [], streams: new Map() }
  const bells = wakeUps()
  let isClosed = false

  const checkOpen = (): void => {
    if (isClosed) throw logClosed()
  }

  const source: SubscriptionSource = {
    wakeUps: bells,
    checkOpen,
    newest: (stream) => (stream === undefined ? store.all.at(-1)?.position : store.streams.get(stream)?.events.at(-1)?.revision),
    pageAfter(after, options) {
      checkOpen()
      return options.stream === undefined ? logPage(store, after, options) : streamPage(store, options.stream, after, options)
    },
    breathe: () => Promise.resolve(),
  }

  const remove = (stream: string, expected: ExpectedRevision, kind: 'soft' | 'tombstone'): void => {
    checkOpen()
    markDeleted(store, stream, expected, kind)
    bells.ring(stream)
  }

  return {
    async append(stream, expected, events) {
      checkOpen()
      const result = append(store, stream, expected, events)
      bells.ring(stream)
      return result
    },
    async *readStream(stream, options = {}) {
      checkOpen()
      for (const event of readStream(store, stream, options)) yield event
    },
    async *readAll(options = {}) {
      checkOpen()
      for (const event of readAll(store, options)) yield event
    },
    subscribe: (options = {}) => subscription(source, options),
    async head() {
      checkOpen()
      return store.all.at(-1)?.position
    },
    async deleteStream(stream, expected) {
      remove(stream, expected, 'soft')
    },
    async tombstoneStream(stream, expected) {
      remove(stream, expected, 'tombstone')
    },
    async getMetadata(stream) {
      checkOpen()
      return openStream(store, stream).metadata
    },
    async setMetadata(stream, metadata) {
      checkOpen()
      setMetadata(store, stream, metadata)
    },
    async close() {
      isClosed = true
      bells.ringAll()
    },
  }
}

const append = (store: MemoryStore, stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): AppendResult => {
  const lengths = measureAppend(stream, expected, events)
  const target = store.streams.get(stream)
  const decision = decide(target, expected, events)
  if (decision.kind === 'conflict') throw conflict(stream, expected, (target?.events.length ?? 0) - 1)
  if (decision.kind === 'deleted') throw streamDeleted(stream)
  if (decision.kind === 'stored') return resultOf(target?.events[decision.last])
  return resultOf(write(store, stream, events, lengths))
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

const write = (store: MemoryStore, name: string, events: readonly NewEvent[], lengths: readonly number[]): StoredEvent | undefined => {
  const stream = createdStream(store, name)
  if (stream.status === 'deleted') reopen(stream)
  const storedAt = store.clock.now()
  let position = store.all.at(-1)?.position ?? 0
  events.forEach((event, i) => {
    position += lengths[i] ?? 0
    const { id, type, data, meta } = event
    const stored: StoredEvent = { id, type, data, meta, stream: name, revision: stream.events.length, position, storedAt }
    stream.events.push(stored)
    store.all.push(stored)
  })
  return stream.events.at(-1)
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

function* readStream(store: MemoryStore, name: string, options: ReadStreamOptions): Generator<StoredEvent, void, undefined> {
  checkReadOptions(options)
  const stream = openStream(store, name)
  if (stream.events.length === 0 || stream.status === 'deleted') throw streamNotFound(name)
  const direction = options.direction ?? 'forwards'
  const window = narrow(streamWindow(stream.events.length - 1, stream.metadata, store.clock.now()), direction, options.from)
  let left = options.limit ?? Infinity
  for (let i = 0; i <= window.last - window.first && left > 0; i++) {
    const event = stream.events[direction === 'forwards' ? window.first + i : window.last - i]
    if (event === undefined || event.storedAt <= window.storedAfter) continue
    left -= 1
    yield event
  }
}

function* readAll(store: MemoryStore, options: ReadAllOptions): Generator<StoredEvent, void, undefined> {
  checkReadOptions(options)
  const { all } = store
  const isForwards = (options.direction ?? 'forwards') === 'forwards'
  const boundary = options.from === undefined ? undefined : firstIndexAtOrAfter(all, options.from)
  const [begin, end] = isForwards ? [boundary ?? 0, all.length] : [0, boundary ?? all.length]
  let left = options.limit ?? Infinity
  for (let i = 0; i < end - begin && left > 0; i++) {
    const event = all[isForwards ? begin + i : end - 1 - i]
    if (event === undefined || !passes(options.filter, event)) continue
    left -= 1
    yield event
  }
}

const firstIndexAtOrAfter = (all: readonly StoredEvent[], position: number): number => {
  let low = 0
  let high = all.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((all[middle]?.position ?? Infinity) < position) low = middle + 1
    else high = middle
  }
  return low
}

const logPage = ({ all }: MemoryStore, after: number | undefined, options: SubscribeOptions): Page => {
  const begin = after === undefined ? 0 : firstIndexAtOrAfter(all, after + 1)
  const considered = all.slice(begin, begin + PAGE_EVENTS)
  return {
    events: considered.filter((event) => passes(options.filter, event)),
    end: considered.at(-1)?.position ?? after,
    more: begin + considered.length < all.length,
  }
}

const streamPage = (store: MemoryStore, name: string, after: number | undefined, options: SubscribeOptions): Page => {
  const stream = openStream(store, name)
  if (stream.status === 'deleted' || stream.events.length === 0) return { events: [], end: after, more: false }
  const window = streamWindow(stream.events.length - 1, stream.metadata, store.clock.now())
  const begin = Math.max(window.first, (after ?? -1) + 1)
  const considered = stream.events.slice(begin, begin + PAGE_EVENTS)
  return {
    events: considered.filter((event) => event.storedAt > window.storedAfter && passes(options.filter, event)),
    end: considered.at(-1)?.revision ?? after,
    more: begin + considered.length < stream.events.length,
  }
}

const NO_STREAM: MemoryStream = { events: [], status: 'open', metadata: {}, hasMetadata: false, openedAt: 0 }

/** An empty one where it never was; `StreamDeleted` for a tombstone. */
const openStream = (store: MemoryStore, name: string): MemoryStream => {
  checkStreamName(name)
  const stream = store.streams.get(name) ?? NO_STREAM
  if (stream.status === 'tombstoned') throw streamDeleted(name)
  return stream
}

const markDeleted = (store: MemoryStore, name: string, expected: ExpectedRevision, kind: 'soft' | 'tombstone'): void => {
  checkStreamName(name)
  checkExpected(expected)
  const state = stateOf(store.streams.get(name))
  const decision = decideDeletion(state, expected, kind)
  if (decision === 'deleted') throw streamDeleted(name)
  if (decision === 'conflict') throw conflict(name, expected, state.head)
  createdStream(store, name).status = kind === 'soft' ? 'deleted' : 'tombstoned'
}

const setMetadata = (store: MemoryStore, name: string, metadata: StreamMetadata): void => {
  openStream(store, name)
  checkMetadata(name, metadata)
  const stream = createdStream(store, name)
  stream.metadata = metadata
  stream.hasMetadata = true
}
