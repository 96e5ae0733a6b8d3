import { isAppError } from '../../src/errors.ts'
import { scavengedPositions } from './scavenge.ts'
import {
  streamNotFound,
  type AppendResult,
  type Direction,
  type EventLog,
  type ExpectedRevision,
  type NewEvent,
  type StoredEvent,
} from '../../src/eventlog/event-log.ts'

// The embedded event log as a client of EventStoreDB sees it: any bytes as data, and the streams and types of the system itself.

export interface WireEvent {
  readonly id: string
  readonly type: string
  readonly contentType: string
  readonly data: Uint8Array
  readonly customMetadata: Uint8Array
}

export interface StoredWireEvent extends WireEvent {
  readonly stream: string
  readonly revision: number
  readonly position: number
  readonly storedAt: number
}

interface ReadOptions {
  readonly from?: number
  readonly direction: Direction
}

export type WireItem = { readonly kind: 'event'; readonly event: StoredWireEvent } | { readonly kind: 'caughtUp' }

export interface WireLog {
  append(stream: string, expected: ExpectedRevision, events: readonly WireEvent[]): Promise<AppendResult>
  readStream(stream: string, options: ReadOptions): AsyncIterable<StoredWireEvent>
  readAll(options: ReadOptions): AsyncIterable<StoredWireEvent>
  /** After a mark that may lie ahead of the log: such a subscription skips everything up to it, in silence. */
  subscribe(stream: string | undefined, after: number | undefined, signal: AbortSignal): AsyncIterable<WireItem>
  head(): Promise<number>
  /** Whether there is an event, or was one before a scavenge. */
  isPosition(position: number): Promise<boolean>
  /** Takes away what nobody can read by its stream any more. */
  scavenge(): Promise<void>
  /** Position of what the deletion wrote. */
  remove(stream: string, expected: ExpectedRevision, kind: 'soft' | 'tombstone'): Promise<number>
  close(): Promise<void>
}

/** What soft deletion writes: the greatest signed 64-bit number. As text, since a JavaScript number cannot hold it. */
const DELETED = '"$tb":9223372036854775807'
const SYSTEM = 'system:'
const JSON_TYPE = 'application/json'
const BINARY_TYPE = 'application/octet-stream'

const inner = (name: string): string => (name.startsWith('$') ? SYSTEM + name : name)
const outer = (name: string): string => (name.startsWith(SYSTEM) ? name.slice(SYSTEM.length) : name)

const toNewEvent = (event: WireEvent): NewEvent => ({
  id: event.id,
  type: inner(event.type),
  data: (event.contentType === JSON_TYPE ? 'j' : 'b') + Buffer.from(event.data).toString('latin1'),
  meta: `m${Buffer.from(event.customMetadata).toString('latin1')}`,
})

const toWireEvent = ({ id, type, data, meta, stream, revision, position, storedAt }: StoredEvent): StoredWireEvent => ({
  id,
  type: outer(type),
  stream: outer(stream),
  revision,
  position,
  storedAt,
  contentType: data.startsWith('j') ? JSON_TYPE : BINARY_TYPE,
  data: Buffer.from(data.slice(1), 'latin1'),
  customMetadata: Buffer.from(meta.slice(1), 'latin1'),
})

async function* toWireEvents(events: AsyncIterable<StoredEvent>): AsyncGenerator<StoredWireEvent> {
  for await (const event of events) yield toWireEvent(event)
}

interface Delays {
  /** From the append to a stream that was deleted to the metadata that bring it back. */
  readonly reopeningMs: () => number
}

export const wireLog = (log: EventLog, { reopeningMs }: Delays): WireLog => {
  const reopening = new Set<string>()
  /** Positions of events that were scavenged. The log below keeps them, so they come back with a restart. */
  const removed = new Set<number>()
  const reopen = async (stream: string, metadata: string): Promise<void> => {
    const delayMs = reopeningMs()
    if (reopening.has(stream)) return
    if (delayMs === 0) {
      await writeMetadata(log, stream, metadata)
      return
    }
    reopening.add(stream)
    setTimeout(() => {
      void writeMetadata(log, stream, metadata).finally(() => reopening.delete(stream))
    }, delayMs)
  }
  return {
    async append(stream, expected, events) {
      const metadata = stream.startsWith('$') ? '' : await metadataText(log, stream)
      const result = await log.append(inner(stream), expected, events.map(toNewEvent))
      if (metadata.includes(DELETED)) await reopen(stream, metadata.replace(DELETED, `"$tb":${result.revision + 1 - events.length}`))
      if (stream.startsWith('$$')) await takeMetadata(log, stream.slice(2), Buffer.from(events.at(-1)?.data ?? []).toString())
      return result
    },
    async *readStream(stream, options) {
      if (stream.startsWith('$$')) await log.getMetadata(inner(stream.slice(2)))
      if (reopening.has(stream)) throw streamNotFound(stream)
      yield* toWireEvents(log.readStream(inner(stream), options))
    },
    async *readAll(options) {
      for await (const event of log.readAll(options)) if (!removed.has(event.position)) yield toWireEvent(event)
    },
    async *subscribe(stream, after, signal) {
      for await (const item of subscribe(log, stream, after, signal)) {
        if (item.kind !== 'event' || !removed.has(item.event.position)) yield item
      }
    },
    async isPosition(position) {
      if (removed.has(position)) return true
      for await (const event of log.readAll({ from: position, limit: 1 })) return event.position === position
      return false
    },
    async scavenge() {
      for (const position of await scavengedPositions(log, async (stream) => (await metadataText(log, outer(stream))).includes(DELETED)))
        removed.add(position)
    },
    head: async () => (await log.head()) ?? 0,
    async remove(stream, expected, kind) {
      if (kind === 'tombstone') {
        await log.tombstoneStream(inner(stream), expected)
        return (await log.head()) ?? 0
      }
      await log.deleteStream(inner(stream), expected)
      return writeMetadata(log, stream, `{${DELETED}}`)
    },
    close: () => log.close(),
  }
}

/** Of the newest metadata event; '' where there is none. */
const metadataText = async (log: EventLog, stream: string): Promise<string> => {
  try {
    for await (const event of log.readStream(inner(`$$${stream}`), { direction: 'backwards', limit: 1 })) {
      return Buffer.from(event.data.slice(1), 'latin1').toString()
    }
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound')) throw error
  }
  return ''
}

const writeMetadata = async (log: EventLog, stream: string, text: string): Promise<number> => {
  const event = { id: crypto.randomUUID(), type: inner('$metadata'), data: `j${text}`, meta: 'm' }
  return (await log.append(inner(`$$${stream}`), 'any', [event])).position
}

const takeMetadata = async (log: EventLog, stream: string, text: string): Promise<void> => {
  const { $maxCount, $maxAge, $tb } = JSON.parse(text) as Record<string, number | undefined>
  await log.setMetadata(inner(stream), {
    ...($maxCount === undefined ? {} : { maxCount: $maxCount }),
    ...($maxAge === undefined ? {} : { maxAgeMs: $maxAge * 1000 }),
    ...($tb !== undefined && Number.isSafeInteger($tb) ? { truncateBefore: $tb } : {}),
  })
  if (text.includes(DELETED)) await log.deleteStream(inner(stream), 'any')
}

async function* subscribe(
  log: EventLog,
  stream: string | undefined,
  after: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<WireItem> {
  const name = stream === undefined ? {} : { stream: inner(stream) }
  const start = after === undefined ? undefined : await beginning(log, name.stream, after)
  for await (const item of log.subscribe({ ...name, ...(start === undefined ? {} : { after: start }), signal })) {
    if (item.kind === 'caughtUp') yield item
    else if (item.kind === 'event' && isBehind(item.event, stream, after)) yield { kind: 'event', event: toWireEvent(item.event) }
  }
}

const isBehind = (event: StoredEvent, stream: string | undefined, after: number | undefined): boolean =>
  after === undefined || (stream === undefined ? event.position : event.revision) > after

/** The embedded log refuses a mark that lies ahead of it, so it is given the newest one that there is. */
const beginning = async (log: EventLog, stream: string | undefined, after: number): Promise<number | undefined> => {
  const newest = stream === undefined ? await log.head() : await newestRevision(log, stream)
  return newest === undefined || newest >= after ? after : newest
}

const newestRevision = async (log: EventLog, stream: string): Promise<number | undefined> => {
  try {
    for await (const event of log.readStream(stream, { direction: 'backwards', limit: 1 })) return event.revision
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound')) throw error
  }
  return undefined
}
