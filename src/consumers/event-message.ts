import type { BusMessage } from '../bus/bus.ts'
import type { StoredEvent } from '../eventlog/event-log.ts'
import { runIdOf } from '../events/codec.ts'
import { present } from '../present.ts'

// An event on the bus is a CloudEvent in Kafka's binary mode: the value is its data, character by character as it is stored,
// and the headers are its attributes. `refold-…` headers are what it takes to make the stored event again.

/** Stands for an event that is too large for a message: whoever needs it reads it from the log. */
export const OMITTED_TYPE = 'EventOmitted'

export interface EventPlace {
  readonly stream: string
  readonly revision: number
}

export type ReadMessage =
  | { readonly kind: 'event'; readonly event: StoredEvent }
  | { readonly kind: 'omitted'; readonly place: EventPlace }
  | { readonly kind: 'foreign'; readonly reason: string }

export const toMessage = (event: StoredEvent): BusMessage => ({
  key: runIdOf(event.stream),
  value: event.data,
  headers: { ...attributes(event, event.type), ...tracing(event), 'refold-meta': event.meta },
})

/** Without data and meta; `bytes` is what they would have taken. */
export const toOmission = (event: StoredEvent, bytes: number): BusMessage => ({
  key: runIdOf(event.stream),
  value: JSON.stringify({ type: event.type, stream: event.stream, revision: event.revision, bytes }),
  headers: attributes(event, OMITTED_TYPE),
})

export const fromMessage = ({ value, headers }: BusMessage): ReadMessage => {
  const { ce_id: id, ce_type: type, ce_time: time, 'refold-stream': stream, 'refold-meta': meta } = headers
  const revision = wholeNumber(headers['refold-revision'])
  const position = wholeNumber(headers['refold-position'])
  if (stream === undefined || revision === undefined) return foreign('the headers refold-stream and refold-revision')
  if (type === OMITTED_TYPE) return { kind: 'omitted', place: { stream, revision } }
  const storedAt = Date.parse(time ?? '')
  if (id === undefined || type === undefined || position === undefined || Number.isNaN(storedAt)) {
    return foreign('the headers ce_id, ce_type, ce_time and refold-position')
  }
  if (meta === undefined || value === null) return foreign('the header refold-meta and a value')
  return { kind: 'event', event: { id, type, stream, revision, position, storedAt, data: value, meta } }
}

const foreign = (expected: string): ReadMessage => ({
  kind: 'foreign',
  reason: `Expected ${expected}, found none: it is no event of Refold`,
})

const wholeNumber = (text: string | undefined): number | undefined => {
  const number = Number(text)
  return text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(number) ? number : undefined
}

const attributes = (event: StoredEvent, type: string): Record<string, string> => ({
  ce_specversion: '1.0',
  ce_id: event.id,
  ce_source: `/agents/${agentOf(event.meta)}`,
  ce_type: type,
  ce_time: new Date(event.storedAt).toISOString(),
  ce_subject: runIdOf(event.stream),
  'content-type': 'application/json',
  'refold-stream': event.stream,
  'refold-revision': String(event.revision),
  'refold-position': String(event.position),
})

const tracing = ({ meta }: StoredEvent): Record<string, string> => {
  const known = metaOf(meta)
  const text = (name: string): string | undefined => (typeof known[name] === 'string' ? known[name] : undefined)
  return {
    ...present({ 'correlation-id': text('correlationId'), 'causation-id': text('causationId'), traceparent: text('traceparent') }),
  }
}

/** `name@version` without the version. */
const agentOf = (meta: string): string => {
  const { agent } = metaOf(meta)
  return typeof agent === 'string' ? encodeURIComponent(agent.slice(0, agent.lastIndexOf('@')).toWellFormed()) : 'unknown'
}

/** The relay has to carry what it cannot read, too. */
const metaOf = (meta: string): Readonly<Record<string, unknown>> => {
  try {
    const parsed: unknown = JSON.parse(meta)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
