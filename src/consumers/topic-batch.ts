import type { Batch, Bus, DeliveredMessage, Restart } from '../bus/bus.ts'
import type { Clock } from '../clock.ts'
import { isAppError } from '../errors.ts'
import type { EventLog, StoredEvent } from '../eventlog/event-log.ts'
import { runIdOf } from '../events/codec.ts'
import type { ViewStore } from '../views/view-store.ts'
import { deadLetters, type DeadLetter } from './dead-letters.ts'
import { fromMessage, type EventPlace, type ReadMessage } from './event-message.ts'
import { foldViews, type FoldedViews } from './fold-views.ts'
import type { Topics } from './topics.ts'

// Takes batches of the topic of events into the views.
//
//   FEED1. The offset moves in the transaction of the rows, and only on the rows and from the offset that the batch was folded on.
//   FEED2. A view holds each run without a gap: what the topic leaves out is read from the log, what it repeats is passed over.
//   FEED3. What cannot be taken in lies among the dead letters before the view moves behind it, and everything else goes on.

/** A message that nobody could take in. */
export interface EventsLeftOut {
  readonly type: 'eventsLeftOut'
  readonly group: string
  readonly code: string
  readonly reason: string
  readonly key: string
}

export interface TopicBatchParts {
  readonly bus: Bus
  readonly log: EventLog
  readonly views: ViewStore
  readonly topics: Topics
  readonly group: string
  readonly clock: Clock
  readonly notify: (notice: EventsLeftOut) => void
}

export interface ConsumerCounts {
  readonly taken: number
  readonly repeated: number
  readonly readFromLog: number
  readonly leftOut: number
}

/** Where the views are known to be, for one partition. */
interface Place {
  readonly generation: number
  readonly from: number | undefined
}

export interface TopicBatches {
  readonly startAt: (partition: number) => Promise<number>
  readonly handle: (batch: Batch) => Promise<Restart | undefined>
  readonly counts: () => ConsumerCounts
}

/** Takes in batches of messages: fills their gaps from the log, and leaves out what cannot be taken in. */
export const topicBatches = ({ bus, log, views, topics, group, clock, notify }: TopicBatchParts): TopicBatches => {
  const leftOut = deadLetters(bus, topics.eventsDeadLetters, clock)
  const places = new Map<number, Place>()
  const counts = { taken: 0, repeated: 0, readFromLog: 0, leftOut: 0 }

  const readPlace = async (partition: number): Promise<Place> => {
    const { generation, offsets } = await views.topicState(topics.events)
    const read = { generation, from: offsets.get(partition) }
    places.set(partition, read)
    return read
  }

  return {
    startAt: async (partition) => (await readPlace(partition)).from ?? 0,
    async handle({ topic, partition, messages, next }) {
      const known = places.get(partition) ?? (await readPlace(partition))
      const fresh = messages.filter(({ offset }) => offset >= (known.from ?? 0))
      const rows = await views.getMany(runIdsIn(fresh))
      const complete = await completeEvents(log, fresh, new Map(rows.map(({ runId, revision }) => [runId, revision])))
      const { changes, poison } = foldViews(rows, complete.events)
      const letters = [...complete.letters, ...poison.map((each) => toLetter(each, complete.messages))]
      await leftOut.publish(letters)
      if (!(await views.apply({ ...changes, topic, partition, ...known, next })))
        return { restartAt: (await readPlace(partition)).from ?? 0 }
      places.set(partition, { ...known, from: next })
      counts.taken += complete.events.length
      counts.repeated += complete.repeated + messages.length - fresh.length
      counts.readFromLog += complete.readFromLog
      counts.leftOut += letters.length
      for (const { message, code, reason } of letters) notify({ type: 'eventsLeftOut', group, key: message.key, code, reason })
      return undefined
    },
    counts: () => ({ ...counts }),
  }
}

const toLetter = (
  { event, reason }: FoldedViews<StoredEvent>['poison'][number],
  messages: ReadonlyMap<StoredEvent, DeliveredMessage>,
): DeadLetter => {
  const message = messages.get(event)
  if (message === undefined) throw new Error(`${event.stream}@${event.revision} was never delivered`)
  return { message, code: 'UnexpectedEvent', reason }
}

interface CompleteEvents {
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
const runIdsIn = (messages: readonly DeliveredMessage[]): string[] => [
  ...new Set(messages.map(fromMessage).flatMap((read) => (read.kind === 'foreign' ? [] : [runIdOf(placeOf(read).stream)]))),
]

/** What the messages add to a view that holds each run up to `known`: repetitions are passed over, gaps are read from the log. */
const completeEvents = async (
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
