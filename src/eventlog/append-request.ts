import { AppError } from '../errors.ts'
import type { ExpectedRevision, NewEvent } from './event-log.ts'
import { MAX_APPEND_BYTES } from './event-log.ts'

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
