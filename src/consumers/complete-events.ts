import type { DeliveredMessage } from '../bus/bus.ts'
import { isAppError } from '../errors.ts'
import type { EventLog, StoredEvent } from '../eventlog/event-log.ts'
import { runIdOf } from '../events/codec.ts'
import type { DeadLetter } from './dead-letters.ts'
import { fromMessage, type EventPlace, type ReadMessage } from './event-message.ts'

export interface CompleteEvents {
  /** Of each run without a gap behind what the view holds, as far as the log has them. */
  readonly events: readonly StoredEvent[]
  /** The message that led to each event. */
  readonly messages: ReadonlyMap<StoredEvent, DeliveredMessage>
  /** Messages that are no events, or stand for events that are gone. */
  readonly letters: readonly DeadLetter[]
  readonly repeated: number
  /** Events that the messages left out. */
  readonly readFromLog: number
}

type Readable = Exclude<ReadMessage, { kind: 'foreign' }>

/** Ids of the runs that the messages are about. */
export const runIdsIn = (messages: readonly DeliveredMessage[]): string[] => [
  ...new Set(messages.map(fromMessage).flatMap((read) => (read.kind === 'foreign' ? [] : [runIdOf(placeOf(read).stream)]))),
]

/** What the messages add to a view that holds each run up to `known`: repetitions are passed over, gaps are read from the log. */
export const completeEvents = async (
  log: EventLog,
  delivered: readonly DeliveredMessage[],
  known: ReadonlyMap<string, number>,
): Promise<CompleteEvents> => {
  const revisions = new Map(known)
  const messages = new Map<StoredEvent, DeliveredMessage>()
  const letters: DeadLetter[] = []
  let repeated = 0
  let readFromLog = 0
  for (const message of delivered) {
    const read = fromMessage(message)
    if (read.kind === 'foreign') {
      letters.push({ message, code: 'InvalidInput', reason: read.reason })
      continue
    }
    const { stream, revision } = placeOf(read)
    const from = (revisions.get(runIdOf(stream)) ?? -1) + 1
    if (revision < from) {
      repeated += 1
      continue
    }
    const found = read.kind === 'event' && revision === from ? [read.event] : await missingEvents(log, read, from)
    if (found.length === 0) letters.push({ message, code: 'StreamNotFound', reason: `${stream}@${revision} is no longer in the log` })
    for (const event of found) {
      messages.set(event, message)
      revisions.set(runIdOf(stream), event.revision)
      if (read.kind !== 'event' || event.id !== read.event.id) readFromLog += 1
    }
  }
  return { events: [...messages.keys()], messages, letters, repeated, readFromLog }
}

const placeOf = (read: Readable): EventPlace => (read.kind === 'event' ? read.event : read.place)

/** Where the log has not kept them all, the event itself comes behind the gap: it is the view that has to say so. */
const missingEvents = async (log: EventLog, read: Readable, from: number): Promise<StoredEvent[]> => {
  const { stream, revision } = placeOf(read)
  const found: StoredEvent[] = []
  try {
    for await (const event of log.readStream(stream, { from, limit: revision - from + 1 }))
      if (event.revision <= revision) found.push(event)
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound') && !isAppError(error, 'StreamDeleted')) throw error
  }
  if (read.kind === 'event' && found.at(-1)?.revision !== revision) found.push(read.event)
  return found
}
