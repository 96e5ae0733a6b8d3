import type { BlobStore } from '../../blobs/blob-store.ts'
import { AppError, isAppError } from '../../errors.ts'
import type { EventLog, StoredEvent } from '../../eventlog/event-log.ts'
import { isMedia, type MediaPart } from '../../events/content.ts'
import { present } from '../../present.ts'
import { oneLine } from '../../projections/printable.ts'
import { shown } from '../../text.ts'
import { decodeEvent, payloadsIn, streamOf } from '../../events/codec.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import { deletionEventTypes } from '../../events/run-events.ts'
import type { Recorded } from '../../fold/replay.ts'

/** Stored texts become events, with the payloads that the blob store keeps. */
export const readEvent = async (blobs: BlobStore, stored: StoredEvent): Promise<RecordedRunEvent> => {
  const hashes = payloadsIn(stored)
  if (hashes.length === 0) return { ...decodeEvent(stored, noPayloads), position: stored.position }
  const payloads = new Map<string, string>()
  for (const hash of hashes) payloads.set(hash, await blobs.get(hash))
  return { ...decodeEvent(stored, payloads), position: stored.position }
}

const noPayloads: ReadonlyMap<string, string> = new Map()

/** A run's events from a revision on, with their texts. Throws `RunNotFound` and `RunDeleted`. */
export async function* readRun(
  { log, blobs }: { readonly log: EventLog; readonly blobs: BlobStore },
  runId: string,
  from = 0,
): AsyncGenerator<Recorded & { readonly event: RecordedRunEvent; readonly texts: StoredEvent }> {
  try {
    for await (const stored of log.readStream(streamOf(runId), { from })) {
      if (deletionEventTypes.has(stored.type)) throw await deleted({ log }, runId)
      yield { event: await readEvent(blobs, stored), texts: stored }
    }
  } catch (error) {
    if (isAppError(error, 'StreamNotFound') || isAppError(error, 'StreamDeleted')) {
      throw notFound(runId, error)
    }
    throw await deletedInstead({ log }, runId, error)
  }
}

/** Of a run that is being deleted payloads go before its events: who misses one is told that, and not that the store is damaged. */
export const deletedInstead = async (
  { log }: { readonly log: Pick<EventLog, 'readStream'> },
  runId: string,
  error: unknown,
): Promise<unknown> => {
  if (!isAppError(error, 'EventLogCorrupt')) return error
  const request = await deletionRequest(log, runId).catch(() => undefined)
  return request === undefined ? error : deleted({ log }, runId)
}

/** A picture or a file that was said in a run. */
export interface SaidBlob {
  readonly mediaType: string
  readonly name: string | undefined
  readonly bytes: Uint8Array
}

/** Rejects with `BlobNotFound` for what the run has not said: a hash can be guessed by whoever has the content. */
export const readSaidBlob = async (
  stores: { readonly log: EventLog; readonly blobs: BlobStore },
  runId: string,
  hash: string,
): Promise<SaidBlob> => {
  for await (const { event } of readRun(stores, runId)) {
    if (event.meta.media?.includes(hash) !== true) continue
    const part = saidIn(event.data).find(({ source }) => source.type === 'blob' && source.hash === hash)
    if (part?.source.type !== 'blob') continue
    const name = part.type === 'file' ? part.name : undefined
    return { mediaType: part.source.mediaType, name, bytes: await stores.blobs.getBytes(hash) }
  }
  throw new AppError('BlobNotFound', `Expected the hash of a picture or file that was said in ${runId}, found ${shown(hash)}`, {
    details: { runId, hash },
  })
}

const saidIn = (data: RecordedRunEvent['data']): readonly MediaPart[] => [
  ...('parts' in data ? (data.parts ?? []) : []).filter(isMedia),
  ...('content' in data ? (data.content ?? []) : []).filter(isMedia),
]

/** Throws `RunNotFound` where nothing was recorded of it, neither by now nor ever. */
export const requireRun = async ({ log }: { readonly log: Pick<EventLog, 'readStream'> }, runId: string): Promise<void> => {
  try {
    for await (const _ of log.readStream(streamOf(runId), { limit: 1 })) return
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound') && !isAppError(error, 'StreamDeleted')) throw error
  }
  throw notFound(runId)
}

/** Of a run that somebody has deleted: who, when and why. The one who holds its events in memory learns it, too. */
export const deleted = async ({ log }: { readonly log: Pick<EventLog, 'readStream'> }, runId: string): Promise<AppError> => {
  const request = await deletionRequest(log, runId).catch(() => undefined)
  if (request === undefined) return new AppError('RunDeleted', `${runId} was deleted`, { details: { runId } })
  const { by, at, reason } = request
  const why = reason === undefined ? '' : `: ${oneLine(reason, LONGEST_REASON)}`
  return new AppError('RunDeleted', `${runId} was deleted by ${oneLine(by, LONGEST_REASON)} at ${new Date(at).toISOString()}${why}`, {
    details: { runId, ...request },
  })
}

const LONGEST_REASON = 300

export interface DeletionRequest {
  readonly by: string
  /** ms since the epoch. */
  readonly at: number
  readonly reason?: string | undefined
}

/** Undefined where nobody has deleted the run. */
export const deletionRequest = async (log: Pick<EventLog, 'readStream'>, runId: string): Promise<DeletionRequest | undefined> => {
  for await (const stored of log.readStream(streamOf(runId), { direction: 'backwards', limit: 2 })) {
    if (stored.type !== 'DeletionRequested') continue
    const event = decodeEvent(stored, noPayloads)
    if (event.type !== 'DeletionRequested') continue
    return { by: event.data.by, at: event.meta.at, ...present({ reason: event.data.reason }) }
  }
  return undefined
}

/** One text for every command and route. */
export const notFound = (runId: string, cause?: unknown): AppError =>
  new AppError('RunNotFound', `Expected a run ${oneLine(runId, LONGEST_REASON)}, found none: \`refold list\` shows all`, {
    details: { runId },
    cause,
  })
