import { AppError, isAppError } from '../errors.ts'
import type { StoredEvent } from '../eventlog/event-log.ts'
import { decodeEvent, fieldsApart, streamOf } from '../events/codec.ts'
import type { EventMeta } from '../events/envelope.ts'
import { deletionEventTypes } from '../events/run-events.ts'
import { deleted, readEvent } from '../runtime/reading/run-reader.ts'
import type { ServedRefold } from './api-parts.ts'

type Parts = Pick<ServedRefold, 'log' | 'blobs'>

interface OneEvent {
  readonly event: {
    readonly type: string
    readonly id: string
    readonly runId: string
    readonly revision: number
    readonly position: number
    readonly data: Readonly<Record<string, unknown>>
    readonly meta: Readonly<Record<string, unknown>>
  }
  readonly large: readonly { readonly field: string; readonly length: number }[]
  /** Why this version cannot read it. */
  readonly problem?: string
}

/** Without payloads that are stored apart. Of a run that is there; rejects with `InvalidInput` beyond its newest revision. */
export const readOneEvent = async (parts: Parts, runId: string, revision: number): Promise<OneEvent> => {
  const stored = await storedAt(parts, runId, revision)
  const { event, apart, problem } = readable(stored)
  const data: Record<string, unknown> = { ...event.data }
  const large = apart.map((field) => {
    const { length } = data[field] as { readonly length: number }
    Reflect.deleteProperty(data, field)
    return { field, length }
  })
  const { id, position, type } = stored
  return {
    event: { type, id, runId, revision, position, data, meta: { ...event.meta } },
    large,
    ...(problem === undefined ? {} : { problem }),
  }
}

/** One field of its data, whole. Rejects with `InvalidInput` where the event has no such field. */
export const readEventField = async (
  parts: Parts,
  { runId, revision, field }: { readonly runId: string; readonly revision: number; readonly field: string },
): Promise<{ readonly field: string; readonly value: unknown }> => {
  const event = await readEvent(parts.blobs, await storedAt(parts, runId, revision))
  const data = event.data as Readonly<Record<string, unknown>>
  if (Object.hasOwn(data, field)) return { field, value: data[field] }
  throw new AppError('InvalidInput', `Expected a field of ${event.type} (${Object.keys(data).join(', ')}), found ${field}`)
}

const storedAt = async ({ log }: Parts, runId: string, revision: number): Promise<StoredEvent> => {
  for await (const stored of log.readStream(streamOf(runId), { from: revision, limit: 1 })) {
    if (deletionEventTypes.has(stored.type)) throw await deleted({ log }, runId)
    return stored
  }
  throw new AppError('InvalidInput', `Expected a revision that ${runId} has, found ${revision}`)
}

const NO_PAYLOADS: ReadonlyMap<string, string> = new Map()

interface Readable {
  readonly event: { readonly data: object; readonly meta: EventMeta }
  readonly apart: readonly string[]
  readonly problem?: string
}

/** One of a newer version as it is stored. */
const readable = (stored: StoredEvent): Readable => {
  try {
    const event = decodeEvent(stored, NO_PAYLOADS)
    return { event, apart: fieldsApart(event) }
  } catch (error) {
    if (!isAppError(error, 'UnknownEvent')) throw error
    const meta = JSON.parse(stored.meta) as EventMeta
    return { event: { data: JSON.parse(stored.data) as object, meta }, apart: meta.blobs ?? [], problem: error.message }
  }
}
