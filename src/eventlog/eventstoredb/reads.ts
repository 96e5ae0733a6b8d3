import { isAppError } from '../../errors.ts'
import { present } from '../../present.ts'
import { checkStreamName } from '../append.ts'
import {
  streamDeleted,
  type BacklogOptions,
  type Direction,
  type EventFilter,
  type ReadAllOptions,
  type ReadStreamOptions,
  type StoredEvent,
  type SubscriptionItem,
} from '../event-log.ts'
import { backlogItems } from './backlog.ts'
import type { DatabaseClient, LogPosition, RecordedEvent, ResolvedEvent } from './client.ts'
import { judgeRead, unavailable } from './errors.ts'
import { positionNumber, recordedIn, toPosition, toStored } from './events.ts'
import { fits } from './filter.ts'
import { metadataStreamOf, reopened } from './metadata.ts'
import { patience } from './patience.ts'
import type { ReadParts } from './contact.ts'
import { watchedRead } from './incoming.ts'
import { checkReadOptions } from '../stream-window.ts'

/** Reads from the leader, since a follower may not have yet what was just acknowledged. */
export interface Reads {
  stream(name: string, options: ReadStreamOptions): AsyncGenerator<StoredEvent, void, undefined>
  all(options: ReadAllOptions): AsyncGenerator<StoredEvent, void, undefined>
  backlog(options: BacklogOptions): AsyncGenerator<SubscriptionItem, void, undefined>
  head(): Promise<number | undefined>
  /** Whether the log holds an event behind the position that fits, and where it ends. From there backwards: not from every position can be read. */
  behind(position: number, filter: EventFilter | undefined): Promise<{ readonly head: number; readonly holdsOne: boolean }>
  /** Newest event of any stream, also of those that belong to the log itself. */
  newestOf(stream: string): Promise<RecordedEvent | undefined>
  /** The event that holds the metadata of the stream. */
  metadataOf(stream: string): Promise<RecordedEvent | undefined>
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
    const { filter, direction } = options
    const isFiltered = filter !== undefined && direction !== 'backwards'
    for await (const event of isFiltered ? filteredEvents(parts, options) : everyEvent(parts, options)) {
      yield event
      left -= 1
      if (left === 0) return
    }
  },
  backlog: (options) => backlogItems({ ...parts, head: () => headOf(parts) }, options),
  head: () => headOf(parts),
  async behind(position, filter) {
    // Asked alone, since a longer read is on its way before it is broken off.
    const head = Math.max(position, (await headOf(parts)) ?? 0)
    if (head === position) return { head, holdsOne: false }
    for await (const { event } of logEvents(parts, { direction: 'backwards' }, Number.MAX_SAFE_INTEGER)) {
      if (event === undefined) continue
      const found = positionNumber(event.position, event.streamId)
      if (found <= position) break
      const recorded = recordedIn({ event })
      if (recorded !== undefined && fits(filter, recorded)) return { head, holdsOne: true }
    }
    return { head, holdsOne: false }
  },
  async newestOf(stream) {
    return firstOf(foundAgain(parts, stream, () => streamEvents(parts, stream, NEWEST)))
  },
  metadataOf: (stream) => metadataOf(parts, stream),
})

const headOf = async (parts: ReadParts): Promise<number | undefined> => {
  for await (const { event } of logEvents(parts, { direction: 'backwards' }, 1)) return positionNumber(event?.position, 'the log')
  return undefined
}

async function* everyEvent(parts: ReadParts, options: ReadAllOptions): AsyncGenerator<StoredEvent, void, undefined> {
  for await (const resolved of logEvents(parts, options, Number.MAX_SAFE_INTEGER)) {
    const event = recordedIn(resolved)
    if (event !== undefined && fits(options.filter, event)) yield toStored(event, parts.storedAtStepMs)
  }
}

/** Forwards the server can leave out itself what does not fit. */
async function* filteredEvents(parts: ReadParts, { from, filter = {} }: ReadAllOptions): AsyncGenerator<StoredEvent, void, undefined> {
  if (from !== undefined && from > 0) yield* eventAt(parts, from, filter)
  const items = backlogItems({ ...parts, head: () => headOf(parts) }, present({ after: from, filter }))
  for await (const item of items) if (item.kind === 'event') yield item.event
}

/** A subscription begins behind a position, a read with it. Nothing where no event has it. */
async function* eventAt(parts: ReadParts, position: number, filter: EventFilter): AsyncGenerator<StoredEvent, void, undefined> {
  try {
    for await (const resolved of logEvents(parts, { from: position }, 1)) {
      const event = recordedIn(resolved)
      const isHere = event !== undefined && positionNumber(event.position, event.streamId) === position
      if (isHere && fits(filter, event)) yield toStored(event, parts.storedAtStepMs)
    }
  } catch (error) {
    if (!isAppError(error, 'InvalidInput')) throw error
  }
}

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

type Open = (client: DatabaseClient, last: RecordedEvent | undefined, count: number) => AsyncIterable<ResolvedEvent>

/** A read that breaks off goes on behind the last event that it gave. */
async function* patientRead(
  { connection, clock, contact, timeoutMs }: ReadParts,
  subject: string,
  open: Open,
): AsyncGenerator<ResolvedEvent, void, undefined> {
  const between = patience(clock, timeoutMs)
  const waiting = contact.waitFor(`read ${subject}`)
  let last: RecordedEvent | undefined
  let count = 0
  try {
    await waiting.begin()
    for (;;) {
      const lease = await connection.lease()
      try {
        for await (const resolved of watchedRead(lease, open(lease.client, last, count), clock, timeoutMs)) {
          waiting.answered()
          between.renew()
          last = resolved.event
          count += 1
          yield resolved
        }
        waiting.answered()
        return
      } catch (error) {
        lease.failed(error)
        const verdict = judgeRead(error, { stream: subject })
        if (verdict.kind === 'refused' && !isAppError(error)) waiting.answered()
        if (verdict.kind === 'refused') throw verdict.error
        const why = await waiting.failed(error)
        if (between.isOver) throw unavailable(`read ${subject}`, why, error)
        await between.pause()
      }
    }
  } finally {
    waiting.end()
    between.renew()
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
