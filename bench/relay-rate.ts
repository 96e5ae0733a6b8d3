import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { kafkaBus } from '../src/bus/kafka/kafka-bus.ts'
import type { Bus, BusMessage } from '../src/bus/bus.ts'
import { systemClock } from '../src/clock.ts'
import { toMessage } from '../src/consumers/event-message.ts'
import { createRelay, LARGEST_MESSAGE_BYTES } from '../src/consumers/relay.ts'
import { topicSpecs, topicsOf, type Topics } from '../src/consumers/topics.ts'
import { isAppError } from '../src/errors.ts'
import type { EventLog } from '../src/eventlog/event-log.ts'
import { RUN_STREAM_PREFIX } from '../src/events/codec.ts'
import { alternate, microsecondsEach, ratioSpread, spreadOf, type RoundLimits, type Spread } from './rounds.ts'

export interface RelayRate {
  readonly events: number
  readonly eventsPerSecond: Spread
  /** The same messages, sent by hand in batches of as many. */
  readonly bareMessagesPerSecond: Spread
  readonly shareOfBare: Spread
}

const PARTITIONS = 12
const BATCH = 500
const WARMING_STEP = 40
const WARMING_TIMES = 3
const SETTLING_MS = 1_000
const MICROSECONDS = 1_000_000

export const openBus = (address: string): Bus => kafkaBus({ brokers: address.split(','), clock: systemClock, notify: () => undefined })

export const madeTopics = async (bus: Bus): Promise<Topics> => {
  const topics = topicsOf(`bench-${randomUUID()}`)
  await bus.ensureTopics(topicSpecs(topics, PARTITIONS))
  while (!(await hasLeaders(bus, topics))) await delay(SETTLING_MS)
  return topics
}

/** A topic that was just made has none for a moment. */
const hasLeaders = async (bus: Bus, { events }: Topics): Promise<boolean> => {
  try {
    await bus.ranges(events)
    return true
  } catch (error) {
    if (isAppError(error, 'BusUnavailable')) return false
    throw error
  }
}

/** The broker makes the files of a partition with its first message, which takes far longer than the next. */
const warmTopics = async (bus: Bus, messages: readonly BusMessage[]): Promise<Topics> => {
  const topics = await madeTopics(bus)
  const publisher = await bus.openPublisher()
  const everyRun = messages.filter((_, at) => at % WARMING_STEP === 0)
  for (let time = 0; time < WARMING_TIMES; time++) await publisher.publish([{ topic: topics.events, messages: everyRun }])
  await publisher.close()
  await delay(SETTLING_MS)
  return topics
}

/** Everything that the log holds, onto topics of its own each time. */
export const measureRelay = async (address: string, log: EventLog, events: number, limits: RoundLimits): Promise<RelayRate> => {
  const bus = openBus(address)
  const messages: BusMessage[] = []
  for await (const event of log.readAll({ filter: { streamPrefix: RUN_STREAM_PREFIX } })) messages.push(toMessage(event))
  const times = await alternate(limits, {
    bare: async () => {
      const { events: topic } = await warmTopics(bus, messages)
      const publisher = await bus.openPublisher()
      const each = await microsecondsEach(events, async () => {
        for (let at = 0; at < events; at += BATCH) await publisher.publish([{ topic, messages: messages.slice(at, at + BATCH) }])
      })
      await publisher.close()
      return each
    },
    relay: async () => {
      const topics = await warmTopics(bus, messages)
      return microsecondsEach(events, () => relayAll(bus, topics, log, events))
    },
  })
  await bus.close()
  return {
    events,
    eventsPerSecond: spreadOf(times.relay.map((each) => MICROSECONDS / each)),
    bareMessagesPerSecond: spreadOf(times.bare.map((each) => MICROSECONDS / each)),
    shareOfBare: ratioSpread(times.bare, times.relay),
  }
}

/** From the opening of the publisher and the look at the checkpoint to the last acknowledgement. */
const relayAll = async (bus: Bus, topics: Topics, log: EventLog, events: number): Promise<void> => {
  const done = new AbortController()
  let published = 0
  const counting: Bus = {
    ...bus,
    openPublisher: async (options) => {
      const publisher = await bus.openPublisher(options)
      return {
        ...publisher,
        async publish(batches) {
          await publisher.publish(batches)
          published += batches[0]?.messages.length ?? 0
          if (published >= events) done.abort()
        },
      }
    },
  }
  const relay = createRelay({
    log,
    bus: counting,
    topics,
    clock: systemClock,
    streamPrefix: RUN_STREAM_PREFIX,
    transactional: false,
    largestMessageBytes: LARGEST_MESSAGE_BYTES,
    notify: ({ type }) => {
      throw new Error(`expected a relay without trouble, found ${type}`)
    },
  })
  await relay.run(done.signal)
}
