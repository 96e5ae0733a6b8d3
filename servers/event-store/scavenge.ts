import { isAppError } from '../../src/errors.ts'
import type { EventLog, StoredEvent } from '../../src/eventlog/event-log.ts'

// What a scavenge of EventStoreDB leaves: of a tombstoned stream nothing, of a deleted one its last event, of any other what can be read of it.

/** Of the events that go. A stream that was deleted may be written again before its metadata say so. */
export const scavengedPositions = async (log: EventLog, isDeleted: (stream: string) => Promise<boolean>): Promise<number[]> => {
  const streams = new Map<string, StoredEvent[]>()
  for await (const event of log.readAll()) {
    const known = streams.get(event.stream) ?? []
    known.push(event)
    streams.set(event.stream, known)
  }
  const gone: number[] = []
  for (const [stream, events] of streams) {
    const first = await firstThatStays(log, stream, events, await isDeleted(stream))
    for (const { revision, position } of events) if (revision < first) gone.push(position)
  }
  return gone
}

const firstThatStays = async (log: EventLog, stream: string, events: readonly StoredEvent[], isDeleted: boolean): Promise<number> => {
  const last = events.at(-1)?.revision ?? 0
  // Of metadata only the newest counts.
  if (isDeleted || isMetadata(stream)) return last
  try {
    for await (const { revision } of log.readStream(stream, { limit: 1 })) return revision
    return last
  } catch (error) {
    if (isAppError(error, 'StreamNotFound')) return last
    if (isAppError(error, 'StreamDeleted')) return Infinity
    throw error
  }
}

const isMetadata = (stream: string): boolean => stream.startsWith('system:$$')
