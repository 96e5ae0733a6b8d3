import type { BlobStore } from '../blobs/blob-store.ts'
import { isAppError, type AppError } from '../errors.ts'
import { decodeEvent, runIdOf, streamOf } from '../events/codec.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import { currentVersion } from '../events/upcast.ts'
import type { EventLog, StoredEvent } from '../eventlog/event-log.ts'
import { notFound, readEvent } from '../runtime/reading/run-reader.ts'

/** An event as far as this version can read it. */
export type ReadEvent =
  | { readonly ok: true; readonly event: RecordedRunEvent; readonly stored: StoredEvent }
  | { readonly ok: false; readonly problem: AppError; readonly stored: StoredEvent }

/** An event of a newer version, or one whose payload is lost, is a problem of its own: the others can still be looked at. */
export const tryRead = async (blobs: BlobStore, stored: StoredEvent): Promise<ReadEvent> => {
  try {
    return { ok: true, event: await readEvent(blobs, stored), stored }
  } catch (problem) {
    if (isAppError(problem, 'UnknownEvent') || isAppError(problem, 'EventLogCorrupt')) return { ok: false, problem, stored }
    throw problem
  }
}

/** All events of a run. Throws `RunNotFound`. */
export async function* eventsOfRun(
  { log, blobs }: { readonly log: EventLog; readonly blobs: BlobStore },
  runId: string,
): AsyncGenerator<ReadEvent> {
  try {
    for await (const stored of log.readStream(streamOf(runId))) yield await tryRead(blobs, stored)
  } catch (cause) {
    if (!isAppError(cause, 'StreamNotFound') && !isAppError(cause, 'StreamDeleted')) throw cause
    throw notFound(runId, cause)
  }
}

/** How an event leaves Refold: with its envelope, payloads in place. Of one that cannot be read, what is stored. */
export const exportedEvent = (read: ReadEvent): Readonly<Record<string, unknown>> => {
  const { position, revision, id, type, storedAt } = read.stored
  const { data, meta } = read.ok ? ofToday(read.event) : storedContent(read.stored)
  return { position, runId: runIdOf(read.stored.stream), revision, id, type, storedAt, data, meta }
}

/** Its data is what the version of today makes of it, so that is the version that it says. */
const ofToday = ({ type, data, meta }: RecordedRunEvent): Pick<RecordedRunEvent, 'data' | 'meta'> => ({
  data,
  meta: { ...meta, version: currentVersion(type) },
})

const storedContent = (stored: StoredEvent): { readonly data: unknown; readonly meta: unknown } => {
  try {
    return decodeEvent(stored, new Map())
  } catch {
    return { data: jsonOrText(stored.data), meta: jsonOrText(stored.meta) }
  }
}

const jsonOrText = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
