import type { BlobStore } from '../blobs/blob-store.ts'
import { AppError, isAppError } from '../errors.ts'
import type { EventLog, StoredEvent } from '../eventlog/event-log.ts'
import { blobsIn, decodeEvent, streamOf } from '../events/codec.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import type { Recorded } from '../fold/replay.ts'

/** Stored texts become events, with the payloads that the blob store keeps. */
export const readEvent = async (blobs: BlobStore, stored: StoredEvent): Promise<RecordedRunEvent> => {
  const hashes = blobsIn(stored)
  if (hashes.length === 0) return { ...decodeEvent(stored, noPayloads), position: stored.position }
  const payloads = new Map<string, string>()
  for (const hash of hashes) payloads.set(hash, await blobs.get(hash))
  return { ...decodeEvent(stored, payloads), position: stored.position }
}

const noPayloads: ReadonlyMap<string, string> = new Map()

/** A run's events from a revision on, with their texts. Throws `RunNotFound`. */
export async function* readRun(
  { log, blobs }: { readonly log: EventLog; readonly blobs: BlobStore },
  runId: string,
  from = 0,
): AsyncGenerator<Recorded & { readonly event: RecordedRunEvent }> {
  try {
    for await (const stored of log.readStream(streamOf(runId), { from })) {
      yield { event: await readEvent(blobs, stored), texts: stored }
    }
  } catch (error) {
    if (isAppError(error, 'StreamNotFound') || isAppError(error, 'StreamDeleted')) {
      throw notFound(runId, error)
    }
    throw error
  }
}

export const notFound = (runId: string, cause?: unknown): AppError =>
  new AppError('RunNotFound', `Expected a run ${runId}, found none`, { details: { runId }, cause })
