import { beginning, shown } from '../text.ts'
import { AppError } from '../errors.ts'
import { deepFrozen, jsonText, type Json, type JsonObject } from '../json.ts'
import { sha256 } from '../hash.ts'
import { blobsOfContent } from './content.ts'
import { eventMeta, type EventMeta, type RunEvent } from './envelope.ts'
import { dataSchemas, isRunEventType, type RunEventType, type RunFact } from './run-events.ts'
import { currentVersion, fieldToday, upcast } from './upcast.ts'

/** Below it a payload stays in its event; above it the blob store keeps it, and the event its hash. UTF-16 units. */
const INLINE_PAYLOAD_LENGTH = 64 * 1024

/** The fields that may be large. All others are bounded by their nature. */
export const payloadFields: Partial<Record<RunEventType, readonly string[]>> = {
  RunStarted: ['input', 'context', 'instructions', 'definition'],
  RunMoved: ['definition', 'instructions'],
  RunForked: ['seal', 'changes'],
  MessageReceived: ['parts', 'data'],
  InputAccepted: ['parts'],
  ModelCallSucceeded: ['parts'],
  OutputAccepted: ['output', 'parts'],
  ToolCallRequested: ['input'],
  ToolCallSucceeded: ['output', 'content'],
  ToolCallCorrected: ['output', 'content'],
  ToolCallRejected: ['output', 'content'],
  ApprovalRequested: ['subject'],
  ApprovalGranted: ['input'],
  ChildRunRequested: ['input'],
  ChildRunSucceeded: ['output'],
  HumanAnswerReceived: ['parts'],
  RunCompleted: ['output'],
}

/** Stands in a stored event for a payload that is in the blob store. The meta names such fields: data alone could be forged by a tool. */
interface BlobReference {
  readonly blob: string
  readonly length: number
}

export interface EncodedData {
  /** What a reader of the log gets: nobody can change it, and nothing that the fact was made of reaches it. */
  readonly value: RunFact['data']
  /** JSON, large payloads replaced by references. */
  readonly data: string
  /** Texts that the blob store has to hold before the event is appended. */
  readonly blobs: readonly string[]
  /** The fields they were taken from. */
  readonly blobFields: readonly string[]
  /** Hashes of the bytes that its parts name. */
  readonly media: readonly string[]
}

/** Throws `InvalidInput` for what JSON cannot carry. */
export const encodeData = (fact: RunFact): EncodedData => {
  const text = jsonText(fact.data)
  const value = deepFrozen(JSON.parse(text) as RunFact['data'])
  const media = mediaOf(value)
  if (text.length <= INLINE_PAYLOAD_LENGTH) return { value, data: text, blobs: [], blobFields: [], media }
  const blobs: string[] = []
  const blobFields: string[] = []
  const data: Record<string, unknown> = { ...value }
  for (const field of payloadFields[fact.type] ?? []) {
    if (data[field] === undefined) continue
    const payload = jsonText(data[field])
    if (payload.length * 4 <= INLINE_PAYLOAD_LENGTH) continue
    blobs.push(payload)
    blobFields.push(field)
    data[field] = { blob: sha256(payload), length: payload.length } satisfies BlobReference
  }
  return { value, data: jsonText(data), blobs, blobFields, media }
}

const mediaOf = (data: RunFact['data']): string[] => {
  if ('parts' in data) return blobsOfContent(data.parts ?? [])
  return blobsOfContent('content' in data ? (data.content ?? []) : [])
}

/** The hash stands first in the text, so that the rest of it, which the hash covers, needs no second serialisation. */
export const encodeMeta = (
  previousHash: string,
  type: string,
  data: string,
  meta: Omit<EventMeta, 'hash'>,
): { meta: string; hash: string } => {
  const rest = jsonText(meta).slice(1)
  const hash = chainHash(previousHash, type, data, rest)
  return { meta: `{"hash":"${hash}",${rest}`, hash }
}

const chainHash = (previousHash: string, type: string, data: string, restOfMeta: string): string =>
  sha256(`${previousHash}\n${type}\n${data}\n${restOfMeta}`)

const HASH_LENGTH = 64
const META_PREFIX_LENGTH = '{"hash":"'.length + HASH_LENGTH + '",'.length

/** Whether the texts of an event are those that were recorded after the event with `previousHash`. */
export const hashHolds = (previousHash: string, texts: { type: string; data: string; meta: string }, hash: string): boolean =>
  chainHash(previousHash, texts.type, texts.data, texts.meta.slice(META_PREFIX_LENGTH)) === hash

export interface StoredTexts {
  readonly id: string
  readonly stream: string
  readonly revision: number
  readonly type: string
  readonly data: string
  readonly meta: string
}

/**
 * An event from its texts, brought to the current version; nobody can change its data. `payloads` are the texts of the blobs that {@link payloadsIn} names.
 * Throws `UnknownEvent` for a type or version of a newer Refold, and `EventLogCorrupt` for what is no event of a run at all.
 */
export const decodeEvent = (stored: StoredTexts, payloads: ReadonlyMap<string, string>): RunEvent => {
  if (!isRunEventType(stored.type)) throw unknownEvent(stored, `an event type of this version`, stored.type)
  const { type } = stored
  const meta = metaOf(stored)
  const { version } = meta
  const newest = currentVersion(type)
  if (version > newest) throw unknownEvent(stored, `version ${newest} of ${type} at most`, `version ${version}`)
  const recorded = parse(stored, 'data') as JsonObject
  const references = referencesIn(stored, meta, recorded)
  const data = deepFrozen(upcast(type, version, restorePayloads(recorded, references, payloads)))
  return { type, data, id: stored.id, runId: runIdOf(stored.stream), revision: stored.revision, meta } as unknown as RunEvent
}

/** Fields of its data whose payloads are stored apart. The meta names them as they were called when it was recorded. */
export const fieldsApart = ({ type, meta: { version, blobs = [] } }: Pick<RunEvent, 'type' | 'meta'>): string[] =>
  blobs.map((field) => fieldToday(type, version, field))

/** Checks an event against the published shape of its type. Returns what is wrong, with its path, or nothing. */
export const shapeProblems = (event: RunEvent): string[] => {
  const found = [dataSchemas[event.type].safeParse(event.data), eventMeta.safeParse(event.meta)]
  return found.flatMap((result) => (result.success ? [] : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)))
}

/** Hashes of all blobs that a stored event names: its payloads, and the bytes that its parts name. */
export const blobsIn = (stored: StoredTexts): string[] => {
  if (!stored.meta.includes('"media":')) return payloadsIn(stored)
  const { media = [] } = metaOf(stored)
  return [...payloadsIn(stored), ...media]
}

/** Hashes of the texts that stand in the blob store for fields of a stored event. */
export const payloadsIn = (stored: StoredTexts): string[] => {
  if (!stored.meta.includes('"blobs":')) return []
  return referencesIn(stored, metaOf(stored), parse(stored, 'data') as JsonObject).map(({ blob }) => blob)
}

interface Reference {
  readonly field: string
  readonly blob: string
}

/** What stands for a field of its data, as its meta names them. */
const referencesIn = (stored: StoredTexts, { blobs = [] }: EventMeta, data: JsonObject): readonly Reference[] =>
  blobs.map((field) => {
    const reference: unknown = Object.hasOwn(data, field) ? data[field] : undefined
    if (typeof reference === 'object' && reference !== null && 'blob' in reference && typeof reference.blob === 'string')
      return { field, blob: reference.blob }
    throw corrupt(stored, `the hash of a payload at ${shown(field)}`, shown(reference))
  })

const restorePayloads = (data: JsonObject, references: readonly Reference[], payloads: ReadonlyMap<string, string>): JsonObject => {
  if (references.length === 0) return data
  const restored: Record<string, Json> = { ...data }
  for (const { field, blob } of references) {
    const payload = payloads.get(blob)
    if (payload !== undefined) restored[field] = JSON.parse(payload) as Json
  }
  return restored
}

const metaOf = (stored: StoredTexts): EventMeta => {
  const meta = parse(stored, 'meta') as EventMeta
  const { version, blobs = [], media = [] }: Readonly<Partial<Record<keyof EventMeta, unknown>>> = meta
  if (!Number.isSafeInteger(version) || Number(version) < 1) throw corrupt(stored, 'a version in the meta', shown(version))
  for (const names of [blobs, media])
    if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) throw corrupt(stored, 'names in the meta', shown(names))
  return meta
}

const parse = (stored: StoredTexts, part: 'data' | 'meta'): object => {
  let parsed: unknown
  try {
    parsed = JSON.parse(stored[part])
  } catch (cause) {
    throw corrupt(stored, `JSON in the ${part}`, beginning(stored[part], 80), cause)
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  throw corrupt(stored, `an object in the ${part}`, beginning(stored[part], 80))
}

const corrupt = ({ stream, revision }: StoredTexts, expected: string, found: string, cause?: unknown): AppError =>
  new AppError('EventLogCorrupt', `Expected ${expected} of ${stream}@${revision}, found ${found}`, { cause })

const unknownEvent = (stored: StoredTexts, expected: string, found: string): AppError =>
  new AppError(
    'UnknownEvent',
    `Expected ${expected}, found ${found} at ${stored.stream}@${stored.revision}. A newer Refold wrote it: upgrade this one.`,
    {
      details: { stream: stored.stream, revision: stored.revision, type: stored.type },
    },
  )

/** `run.<2 hex>-<runId>`: EventStoreDB takes the part before the first hyphen as the category, which so carries the shard. */
export const streamOf = (runId: string): string => `run.${sha256(runId).slice(0, 2)}-${runId}`

export const runIdOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1)

export const RUN_STREAM_PREFIX = 'run.'
