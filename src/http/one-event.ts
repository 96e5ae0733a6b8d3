import { AppError, isAppError } from '../errors.ts'
import type { StoredEvent } from '../eventlog/event-log.ts'
import { decodeEvent, fieldsApart, streamOf } from '../events/codec.ts'
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
  const large = apart.map(({ field, length }) => {
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
  const stored = await storedAt(parts, runId, revision)
  const data = await wholeData(parts, stored)
  if (Object.hasOwn(data, field)) return { field, value: data[field] }
  throw new AppError('InvalidInput', `Expected a field of ${stored.type} (${Object.keys(data).join(', ')}), found ${field}`)
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
  readonly event: { readonly data: object; readonly meta: object }
  readonly apart: readonly { readonly field: string; readonly length: number }[]
  readonly problem?: string
}

/** One of a newer version, or of none, as it is stored. */
const readable = (stored: StoredEvent): Readable => {
  try {
    const event = decodeEvent(stored, NO_PAYLOADS)
    return { event, apart: apartIn(event.data, fieldsApart(event)) }
  } catch (error) {
    if (!isUnreadable(error)) throw error
    const meta = objectIn(stored.meta)
    const data = objectIn(stored.data)
    return { event: { data, meta }, apart: apartIn(data, 'blobs' in meta ? meta.blobs : []), problem: error.message }
  }
}

/** With its payloads, where this version can read it. */
const wholeData = async ({ blobs }: Parts, stored: StoredEvent): Promise<Readonly<Record<string, unknown>>> => {
  try {
    return (await readEvent(blobs, stored)).data
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return objectIn(stored.data) as Readonly<Record<string, unknown>>
  }
}

const isUnreadable = (error: unknown): error is AppError => isAppError(error, 'UnknownEvent') || isAppError(error, 'EventLogCorrupt')

/** What stands for a payload, by the names of the fields; names and fields may be anything. */
const apartIn = (data: object, names: unknown): Readable['apart'] =>
  (Array.isArray(names) ? [...new Set<unknown>(names)] : []).flatMap((field) => {
    if (typeof field !== 'string' || !Object.hasOwn(data, field)) return []
    const reference = (data as Readonly<Record<string, unknown>>)[field]
    if (typeof reference !== 'object' || reference === null || !('length' in reference)) return []
    return Number.isSafeInteger(reference.length) ? [{ field, length: Number(reference.length) }] : []
  })

/** Of what is no JSON object, its text. */
const objectIn = (text: string): object => {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  } catch {
    // It is shown as it is.
  }
  return { text }
}
