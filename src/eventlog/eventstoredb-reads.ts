import type { Clock } from '../clock.ts'
import { isAppError } from '../errors.ts'
import { checkStreamName } from './append-request.ts'
import { streamDeleted } from './event-log-errors.ts'
import type { Direction, EventFilter, ReadAllOptions, ReadStreamOptions, StoredEvent } from './event-log.ts'
import type { DatabaseClient, LogPosition, RecordedEvent, ResolvedEvent } from './eventstoredb-client.ts'
import type { Connection } from './eventstoredb-connection.ts'
import { judgeRead, unavailable } from './eventstoredb-errors.ts'
import { positionNumber, recordedIn, toPosition, toStored } from './eventstoredb-events.ts'
import { metadataStreamOf } from './eventstoredb-metadata.ts'
import { patience } from './eventstoredb-patience.ts'
import { reopened } from './eventstoredb-reopened.ts'
import { watchedRead } from './eventstoredb-watched-read.ts'
import { checkReadOptions } from './stream-window.ts'

/** Reads from the leader, since a follower may not have yet what was just acknowledged. */
export interface Reads {
  stream(name: string, options: ReadStreamOptions): AsyncGenerator<StoredEvent, void, undefined>
  all(options: ReadAllOptions): AsyncGenerator<StoredEvent, void, undefined>
  head(): Promise<number | undefined>
  /** Newest event of any stream, also of those that belong to the log itself. */
  newestOf(stream: string): Promise<RecordedEvent | undefined>
  /** The event that holds the metadata of the stream. */
  metadataOf(stream: string): Promise<RecordedEvent | undefined>
}

export interface ReadParts {
  readonly connection: Connection
  readonly clock: Clock
  /** For the first event, and from one to the next. */
  readonly timeoutMs: number
}

export const reads = (parts: ReadParts): Reads => ({
  async *stream(name, options) {
    checkStreamName(name)
    checkReadOptions(options)
    for await (const { event } of foundAgain(parts, name, () => streamEvents(parts, name, options)))
      if (event !== undefined && options.limit !== 0) yield toStored(event)
  },
  async *all(options) {
    checkReadOptions(options)
    let left = options.limit ?? Infinity
    if (left === 0) return
    for await (const resolved of logEvents(parts, options, Number.MAX_SAFE_INTEGER)) {
      const event = recordedIn(resolved)
      if (event === undefined || !fits(options.filter, event)) continue
      yield toStored(event)
      left -= 1
      if (left === 0) return
    }
  },
  async head() {
    for await (const { event } of logEvents(parts, { direction: 'backwards' }, 1)) return positionNumber(event?.position, 'the log')
    return undefined
  },
  async newestOf(stream) {
    return firstOf(foundAgain(parts, stream, () => streamEvents(parts, stream, NEWEST)))
  },
  metadataOf: (stream) => metadataOf(parts, stream),
})

const NEWEST = { direction: 'backwards', limit: 1 } as const

const firstOf = async (events: AsyncIterable<ResolvedEvent>): Promise<RecordedEvent | undefined> => {
  for await (const { event } of events) return event
  return undefined
}

const metadataOf = async (parts: ReadParts, stream: string): Promise<RecordedEvent | undefined> => {
  try {
    return await firstOf(streamEvents(parts, metadataStreamOf(stream), NEWEST))
  } catch (error) {
    if (isAppError(error, 'StreamNotFound')) return undefined
    throw isAppError(error, 'StreamDeleted') ? streamDeleted(stream) : error
  }
}

const foundAgain = (parts: ReadParts, stream: string, read: () => AsyncIterable<ResolvedEvent>): AsyncIterable<ResolvedEvent> =>
  reopened({ clock: parts.clock, metadata: () => metadataOf(parts, stream) }, read)

export const fits = (filter: EventFilter | undefined, { streamId, type }: RecordedEvent): boolean =>
  streamId.startsWith(filter?.streamPrefix ?? '') && type.startsWith(filter?.typePrefix ?? '')

type Open = (client: DatabaseClient, last: RecordedEvent | undefined, count: number) => AsyncIterable<ResolvedEvent>

/** A read that breaks off goes on behind the last event that it gave. */
async function* patientRead(
  { connection, clock, timeoutMs }: ReadParts,
  subject: string,
  open: Open,
): AsyncGenerator<ResolvedEvent, void, undefined> {
  const waiting = patience(clock, timeoutMs)
  let last: RecordedEvent | undefined
  let count = 0
  try {
    for (;;) {
      const lease = await connection.lease()
      try {
        for await (const resolved of watchedRead(lease, open(lease.client, last, count), clock, timeoutMs)) {
          waiting.renew()
          last = resolved.event
          count += 1
          yield resolved
        }
        return
      } catch (error) {
        lease.failed(error)
        const verdict = judgeRead(error, { stream: subject })
        if (verdict.kind === 'refused') throw verdict.error
        if (waiting.isOver) throw unavailable(`read ${subject}`, error)
        await waiting.pause()
      }
    }
  } finally {
    waiting.renew()
  }
}

const streamEvents = (
  parts: ReadParts,
  name: string,
  { from, direction = 'forwards', limit }: ReadStreamOptions,
): AsyncIterable<ResolvedEvent> => {
  const most = Math.max(1, limit ?? Number.MAX_SAFE_INTEGER)
  const start = from === undefined ? (direction === 'forwards' ? 'start' : 'end') : BigInt(from)
  const step = direction === 'forwards' ? 1n : -1n
  return patientRead(parts, name, (client, last, count) => {
    const next = last === undefined ? start : last.revision + step
    if (count === most || (typeof next === 'bigint' && next < 0n)) return nothing()
    return client.readStream(name, { fromRevision: next, direction, maxCount: most - count, requiresLeader: true })
  })
}

async function* nothing(): AsyncGenerator<ResolvedEvent, void, undefined> {}

/** Position 0 is that of no event, but what is read from there is everything. */
const startOf = (from: number | undefined, direction: Direction): LogPosition | 'start' | 'end' => {
  if (from === undefined) return direction === 'forwards' ? 'start' : 'end'
  return from === 0 ? 'start' : toPosition(from)
}

async function* logEvents(
  parts: ReadParts,
  { from, direction = 'forwards' }: ReadAllOptions,
  most: number,
): AsyncGenerator<ResolvedEvent, void, undefined> {
  const start = startOf(from, direction)
  const events = patientRead(parts, 'the log', (client, last, count) => {
    if (count === most) return nothing()
    return client.readAll({ fromPosition: last?.position ?? start, direction, maxCount: most - count, requiresLeader: true })
  })
  let newest: bigint | undefined
  for await (const resolved of events) {
    // Forwards a position is included, so that a read that goes on begins with the event that it had last.
    if (direction === 'forwards' && resolved.event?.position?.commit === newest) continue
    newest = resolved.event?.position?.commit
    yield resolved
  }
}
