import { AppError } from '../errors.ts'
import { type ExpectedRevision, type NewEvent, MAX_APPEND_BYTES } from './event-log.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** What a record takes beside its texts: id, time and length. */
const RECORD_OVERHEAD_BYTES = 32

/** Throws `InvalidInput` for a name that is empty, that belongs to the log itself (`$…`) or that UTF-8 cannot carry. */
export const checkStreamName = (stream: string): void => {
  if (stream === '' || stream.startsWith('$') || !stream.isWellFormed()) {
    throw new AppError('InvalidInput', `a stream name is a text that does not start with "$", not ${JSON.stringify(stream)}`, {
      details: { stream },
    })
  }
}

export const checkExpected = (expected: ExpectedRevision): void => {
  if (typeof expected === 'number' && !(Number.isSafeInteger(expected) && expected >= 0)) {
    throw new AppError('InvalidInput', `an expected revision is 0, 1, 2 …, not ${String(expected)}`, { details: { expected } })
  }
}

/**
 * Throws `InvalidInput` or `TooLarge`. Returns the length of each record:
 * positions advance by it, so that nobody can take them for a count of events.
 */
export const measureAppend = (stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): number[] => {
  checkStreamName(stream)
  checkExpected(expected)
  if (events.length === 0) throw new AppError('InvalidInput', `nothing to append to ${stream}`, { details: { stream } })
  let total = 0
  const lengths = events.map((event) => {
    checkEvent(stream, event)
    const bytes = byteLength(stream, event)
    total += bytes
    return bytes + RECORD_OVERHEAD_BYTES
  })
  if (total <= MAX_APPEND_BYTES) return lengths
  throw new AppError('TooLarge', `an append to ${stream} has ${total} bytes, at most ${MAX_APPEND_BYTES} are possible`, {
    details: { stream, bytes: total, limit: MAX_APPEND_BYTES },
  })
}

const checkEvent = (stream: string, event: NewEvent): void => {
  if (!UUID.test(event.id)) throw invalid(stream, event, 'an event id is a UUID in lower case')
  if (event.type === '' || event.type.startsWith('$')) throw invalid(stream, event, 'an event type is a text that does not start with "$"')
  if (event.data === '' || event.meta === '') throw invalid(stream, event, 'data and meta are JSON texts, not empty ones')
}

const byteLength = (stream: string, event: NewEvent): number => {
  const { type, data, meta } = event
  const bytes = Buffer.byteLength(type) + Buffer.byteLength(data) + Buffer.byteLength(meta)
  const isAscii = bytes === type.length + data.length + meta.length
  if (isAscii || (type.isWellFormed() && data.isWellFormed() && meta.isWellFormed())) return bytes
  throw invalid(stream, event, 'UTF-8 carries no lone surrogates')
}

const invalid = (stream: string, event: NewEvent, rule: string): AppError =>
  new AppError('InvalidInput', `${rule}: event ${JSON.stringify(event.id)} of type ${JSON.stringify(event.type)} for ${stream}`, {
    details: { stream, id: event.id, type: event.type },
  })

/** What an append is decided on. */
export interface StreamState {
  /** Revision of the last event ever written, also of a deleted stream; -1 where there is none. */
  readonly head: number
  readonly status: 'open' | 'deleted' | 'tombstoned'
  readonly hasMetadata: boolean
  /** Revision of the first event since the stream was opened again after a deletion, else 0. */
  readonly openedAt: number
}

export const NEW_STREAM: StreamState = { head: -1, status: 'open', hasMetadata: false, openedAt: 0 }

/** The event ids that one stream holds. */
export interface StoredIds {
  idAt(revision: number): string | undefined
  /** The newest revision with this id among the newest {@link LOOSE_RETRY_WINDOW} events. */
  revisionOf(id: string): number | undefined
}

/** So far back `any` and `stream-exists` look for a repeated append; numbers and `no-stream` need no such limit. */
export const LOOSE_RETRY_WINDOW = 1_000

export type AppendDecision =
  | { readonly kind: 'write'; readonly first: number }
  /** This very append is there already; `last` is the revision of its last event. */
  | { readonly kind: 'stored'; readonly last: number }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'deleted' }

const CONFLICT: AppendDecision = { kind: 'conflict' }
const DELETED: AppendDecision = { kind: 'deleted' }

/** The table of expected revisions: what EventStoreDB does, but for `any`, whose check of ids survives a restart here. */
export const decideAppend = (
  stream: StreamState,
  expected: ExpectedRevision,
  ids: readonly string[],
  stored: StoredIds,
): AppendDecision => {
  if (stream.status === 'tombstoned') return DELETED
  if (expected === 'no-stream') return decideCreation(stream, ids, stored)
  if (typeof expected === 'number') return decideAtRevision(stream, expected, ids, stored)
  if (expected === 'stream-exists') {
    if (stream.status === 'deleted') return DELETED
    if (stream.head < 0 && !stream.hasMetadata) return CONFLICT
  }
  return decideLoosely(stream, ids, stored)
}

const decideCreation = (stream: StreamState, ids: readonly string[], stored: StoredIds): AppendDecision => {
  if (stream.head < 0) return write(stream)
  // The append that opened the stream again after a deletion was a `no-stream` append too.
  for (const first of stream.openedAt > 0 ? [0, stream.openedAt] : [0]) {
    const match = compareIds(ids, first, stored)
    if (match === 'all') return { kind: 'stored', last: first + ids.length - 1 }
    if (match === 'some') return CONFLICT
  }
  return stream.status === 'deleted' ? write(stream) : CONFLICT
}

const decideAtRevision = (stream: StreamState, expected: number, ids: readonly string[], stored: StoredIds): AppendDecision => {
  if (expected > stream.head) return CONFLICT
  if (expected === stream.head) return write(stream)
  return compareIds(ids, expected + 1, stored) === 'all' ? { kind: 'stored', last: expected + ids.length } : CONFLICT
}

const decideLoosely = (stream: StreamState, ids: readonly string[], stored: StoredIds): AppendDecision => {
  const first = stream.head < 0 || ids[0] === undefined ? undefined : stored.revisionOf(ids[0])
  if (first === undefined) return write(stream)
  return compareIds(ids, first, stored) === 'all' ? { kind: 'stored', last: first + ids.length - 1 } : CONFLICT
}

const write = (stream: StreamState): AppendDecision => ({ kind: 'write', first: stream.head + 1 })

const compareIds = (ids: readonly string[], first: number, stored: StoredIds): 'all' | 'some' | 'none' => {
  const differing = ids.findIndex((id, i) => stored.idAt(first + i) !== id)
  if (differing < 0) return 'all'
  return differing === 0 ? 'none' : 'some'
}

export type DeletionDecision = 'apply' | 'conflict' | 'deleted'

/** A stream without events cannot be deleted softly: there would be nothing to hide. */
export const decideDeletion = (stream: StreamState, expected: ExpectedRevision, kind: 'soft' | 'tombstone'): DeletionDecision => {
  if (stream.status === 'tombstoned') return 'deleted'
  if (stream.status === 'deleted' && expected === 'stream-exists') return 'deleted'
  if (kind === 'soft' && stream.head < 0) return 'conflict'
  return expectationHolds(stream, expected) ? 'apply' : 'conflict'
}

const expectationHolds = (stream: StreamState, expected: ExpectedRevision): boolean => {
  if (expected === 'any') return true
  if (expected === 'no-stream') return stream.head < 0 || stream.status === 'deleted'
  if (expected === 'stream-exists') return stream.head >= 0 || stream.hasMetadata
  return stream.head === expected
}
