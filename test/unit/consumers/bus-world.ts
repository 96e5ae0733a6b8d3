import { memoryBus } from '../../../src/bus/memory/memory-bus.ts'
import type { Bus, BusNotice, DeliveredMessage } from '../../../src/bus/bus.ts'
import { fromMessage } from '../../../src/consumers/event-message.ts'
import { topicSpecs, topicsOf, type Topics } from '../../../src/consumers/topics.ts'
import type { EventLog, StoredEvent } from '../../../src/eventlog/event-log.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { RUN_STREAM_PREFIX } from '../../../src/events/codec.ts'
import { manualClock, type ManualClock } from '../../support/world.ts'

/** A log and a bus in memory, with Refold's topics. */
export interface BusWorld {
  readonly clock: ManualClock
  readonly log: EventLog
  readonly bus: Bus
  readonly topics: Topics
  readonly busNotices: readonly BusNotice[]
}

export const openBusWorld = async (partitions = 3): Promise<BusWorld> => {
  const clock = manualClock()
  const busNotices: BusNotice[] = []
  const bus = memoryBus({ clock, notify: (notice) => busNotices.push(notice) })
  const topics = topicsOf('test')
  await bus.ensureTopics(topicSpecs(topics, partitions))
  return { clock, bus, topics, busNotices, log: memoryEventLog({ clock }) }
}

export const messagesIn = async (bus: Bus, topic: string): Promise<DeliveredMessage[]> => {
  const found: DeliveredMessage[] = []
  for await (const message of bus.read(topic)) found.push(message)
  return found
}

export const eventsIn = async (log: EventLog): Promise<StoredEvent[]> => {
  const found: StoredEvent[] = []
  for await (const event of log.readAll({ filter: { streamPrefix: RUN_STREAM_PREFIX } })) found.push(event)
  return found
}

export interface Relayed {
  /** What a consumer that drops repetitions has of each stream. */
  readonly streams: Readonly<Record<string, readonly (StoredEvent | 'omitted')[]>>
  /** Messages that come before one of a lower revision that nobody has seen. */
  readonly outOfOrder: readonly string[]
  readonly repeated: number
}

/** The topic as a consumer that knows each run's revision takes it in. */
export const relayed = (messages: readonly DeliveredMessage[]): Relayed => {
  const streams: Record<string, (StoredEvent | 'omitted')[]> = {}
  const outOfOrder: string[] = []
  let repeated = 0
  for (const message of messages) {
    const read = fromMessage(message)
    if (read.kind === 'foreign') throw new Error(read.reason)
    const { stream, revision } = read.kind === 'event' ? read.event : read.place
    const known = (streams[stream] ??= [])
    if (revision < known.length) repeated += 1
    else if (revision > known.length) outOfOrder.push(`${stream}@${revision}`)
    else known.push(read.kind === 'event' ? read.event : 'omitted')
  }
  return { streams, outOfOrder, repeated }
}

export const byStream = (events: readonly StoredEvent[]): Record<string, StoredEvent[]> => {
  const streams: Record<string, StoredEvent[]> = {}
  for (const event of events) (streams[event.stream] ??= []).push(event)
  return streams
}
