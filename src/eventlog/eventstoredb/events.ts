import { AppError } from '../../errors.ts'
import type { NewEvent, StoredEvent } from '../event-log.ts'
import type { LogPosition, ProposedEvent, RecordedEvent, ResolvedEvent } from './client.ts'

// The client parses and writes JSON itself and hands out no text. So a text travels as JSON, which people and projections of EventStoreDB
// can read, only where parsing and writing gives back that very text; any other travels as bytes, which nobody touches.

/** Before a meta text that must not be parsed on the way back: no JSON begins with a record separator (as in RFC 7464). */
const VERBATIM = '\u001e'

/** The value that the client writes as this very text, or undefined where there is none. */
const faithfulValue = (text: string): { readonly value: unknown } | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return JSON.stringify(value) === text ? { value } : undefined
  } catch {
    // No JSON, or so deep that writing it would run out of stack: for the client too, which would tell nobody.
    return undefined
  }
}

export const toProposed = ({ id, type, data, meta }: NewEvent): ProposedEvent => {
  const metadata = metadataOf(meta)
  const json = faithfulValue(data)
  if (json !== undefined) return { id, type, contentType: 'application/json', data: json.value, metadata }
  return { id, type, contentType: 'application/octet-stream', data: bytesOf(data), metadata }
}

/** Not a Buffer: the client takes nothing but exactly this class for bytes. */
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const metadataOf = (meta: string): Uint8Array => bytesOf(faithfulValue(meta) === undefined ? VERBATIM + meta : meta)

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

const dataText = ({ isJson, data }: RecordedEvent): string => {
  if (!isJson && data instanceof Uint8Array) return textOf(data)
  return JSON.stringify(data)
}

/** Events of others may have none. */
const metaText = (metadata: unknown): string => {
  if (metadata === undefined) return '{}'
  if (!(metadata instanceof Uint8Array)) return JSON.stringify(metadata)
  const text = textOf(metadata)
  return text.startsWith(VERBATIM) ? text.slice(VERBATIM.length) : text
}

/** Undefined for what belongs to the log itself and for links that lead nowhere. */
export const recordedIn = ({ event }: ResolvedEvent): RecordedEvent | undefined =>
  event === undefined || event.type.startsWith('$') || event.streamId.startsWith('$') ? undefined : event

/** Throws `EventLogCorrupt` for an event whose position is no single number, which only clients of the old TCP protocol could write. */
export const toStored = (event: RecordedEvent, storedAtStepMs = 1): StoredEvent => ({
  id: event.id,
  type: event.type,
  data: dataText(event),
  meta: metaText(event.metadata),
  stream: event.streamId,
  revision: Number(event.revision),
  position: positionNumber(event.position, event.streamId),
  storedAt: event.created.getTime() - (event.created.getTime() % storedAtStepMs),
})

export const positionNumber = (position: LogPosition | undefined, stream: string): number => {
  const commit = Number(position?.commit)
  if (position !== undefined && position.commit === position.prepare && Number.isSafeInteger(commit)) return commit
  const found = position === undefined ? 'none' : `commit ${position.commit} and prepare ${position.prepare}`
  throw new AppError('EventLogCorrupt', `expected one position for an event of ${stream} and found ${found}`, { details: { stream } })
}

export const toPosition = (position: number): LogPosition => ({ commit: BigInt(position), prepare: BigInt(position) })
