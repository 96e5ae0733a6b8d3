import { memoryBus } from '../src/bus/memory/memory-bus.ts'
import type { Bus, BusMessage } from '../src/bus/bus.ts'
import { systemClock } from '../src/clock.ts'
import { startEventConsumer } from '../src/consumers/event-consumer.ts'
import { toMessage } from '../src/consumers/event-message.ts'
import { topicSpecs, topicsOf, type Topics } from '../src/consumers/topics.ts'
import { memoryEventLog } from '../src/eventlog/memory/memory-event-log.ts'
import type { EventLog } from '../src/eventlog/event-log.ts'
import { RUN_STREAM_PREFIX } from '../src/events/codec.ts'
import { madeTopics, openBus } from './relay-rate.ts'
import { alternate, microsecondsEach, ratioSpread, spreadOf, type RoundLimits, type Spread } from './rounds.ts'
import { openSqliteView } from './sqlite-view.ts'
import { watchedView } from './watched-view.ts'

export interface ConsumerRate {
  readonly events: number
  readonly eventsPerSecond: Spread
  /** Messages of the same topic through the bus, where nothing is done with them. */
  readonly readPerSecond: Spread
  readonly shareOfRead: Spread
}

export interface RebuildRate {
  readonly events: number
  /** Of a view that is fed from a topic, folded anew while it goes on. */
  readonly rebuiltPerSecond: Spread
  /** Of the embedded view, from nothing. */
  readonly projectedPerSecond: Spread
  readonly readPerSecond: Spread
  readonly rebuiltShareOfRead: Spread
}

const MICROSECONDS = 1_000_000
const RUNS = { streamPrefix: RUN_STREAM_PREFIX }

const perSecond = (each: readonly number[]): Spread => spreadOf(each.map((microseconds) => MICROSECONDS / microseconds))

const fill = async (bus: Bus, topic: string, messages: readonly BusMessage[]): Promise<void> => {
  const publisher = await bus.openPublisher()
  for (let at = 0; at < messages.length; at += 500) await publisher.publish([{ topic, messages: messages.slice(at, at + 500) }])
  await publisher.close()
}

const messagesOf = async (log: EventLog): Promise<BusMessage[]> => {
  const messages: BusMessage[] = []
  for await (const event of log.readAll({ filter: RUNS })) messages.push(toMessage(event))
  return messages
}

interface Consumed {
  readonly bus: Bus
  readonly topics: Topics
  readonly folder: string
}

/** From the first batch to the last row written. */
const consumed = async ({ bus, topics, folder }: Consumed, log: EventLog, events: number): Promise<number> => {
  const target = openSqliteView(folder)
  const done = Promise.withResolvers<number>()
  let written = 0
  let began = 0
  let isFilling = false
  const untilHeld = Promise.withResolvers<undefined>()
  const view = watchedView(target.views, (batch) => {
    written += batch.length
    if (written >= events) done.resolve(performance.now())
  })
  const timed = {
    ...view,
    pausedSince: () => Promise.resolve(isFilling ? 0 : undefined),
    getMany: (runIds: readonly string[]) => {
      began ||= performance.now()
      return view.getMany(runIds)
    },
  }
  // It begins with an empty topic: a view that begins with a full one is filled from the log.
  const empty = memoryEventLog({ clock: systemClock })
  const consumer = await startEventConsumer({
    bus,
    log: empty,
    views: timed,
    topics,
    group: `${topics.events}.view`,
    clock: systemClock,
    notify: ({ type }) => {
      if (type === 'viewPaused') untilHeld.resolve(undefined)
    },
  })
  isFilling = true
  await untilHeld.promise
  await fill(bus, topics.events, await messagesOf(log))
  isFilling = false
  const ended = await done.promise
  await consumer.close()
  await target.close()
  return ((ended - began) * 1_000) / events
}

const onlyRead = async (bus: Bus, topics: Topics, log: EventLog, events: number): Promise<number> => {
  await fill(bus, topics.events, await messagesOf(log))
  const done = Promise.withResolvers<number>()
  let began = 0
  let seen = 0
  const consumer = bus.consume({
    group: `${topics.events}.reader`,
    topics: [topics.events],
    handle: ({ messages }) => {
      began ||= performance.now()
      seen += messages.length
      if (seen >= events) done.resolve(performance.now())
      return Promise.resolve(undefined)
    },
  })
  const ended = await done.promise
  await consumer.close()
  return ((ended - began) * 1_000) / events
}

export const measureConsumer = async (
  { address, folder }: { readonly address: string; readonly folder: string },
  log: EventLog,
  events: number,
  limits: RoundLimits,
): Promise<ConsumerRate> => {
  const bus = openBus(address)
  const times = await alternate(limits, {
    read: async () => onlyRead(bus, await madeTopics(bus), log, events),
    consumed: async () => consumed({ bus, topics: await madeTopics(bus), folder }, log, events),
  })
  await bus.close()
  return {
    events,
    eventsPerSecond: perSecond(times.consumed),
    readPerSecond: perSecond(times.read),
    shareOfRead: ratioSpread(times.read, times.consumed),
  }
}

/** Views on SQLite, folded from a log that is there; no server has a part in it. */
export const measureRebuild = async (folder: string, log: EventLog, events: number, limits: RoundLimits): Promise<RebuildRate> => {
  const fed = openSqliteView(folder)
  const embedded = openSqliteView(folder)
  const bus = memoryBus({ clock: systemClock, notify: () => undefined })
  const topics = topicsOf('bench')
  await bus.ensureTopics(topicSpecs(topics, 1))
  let onRebuilt: (events: number) => void = () => undefined
  const consumer = await startEventConsumer({
    bus,
    log,
    views: fed.views,
    topics,
    group: 'bench',
    clock: systemClock,
    notify: (notice) => {
      if (notice.type === 'viewRebuilt') onRebuilt(notice.events)
    },
  })
  const times = await alternate(limits, {
    read: () =>
      microsecondsEach(events, async () => {
        for await (const { revision } of log.readAll({ filter: RUNS })) if (revision < 0) return
      }),
    rebuilt: () =>
      microsecondsEach(events, async () => {
        const rebuilt = new Promise<number>((resolve) => (onRebuilt = resolve))
        void consumer.rebuild()
        const found = await rebuilt
        if (found !== events) throw new Error(`expected ${events} events, found ${found}`)
      }),
    projected: async () => {
      await embedded.clear()
      return microsecondsEach(events, () => embedded.catchUp(log))
    },
  })
  await consumer.close()
  await bus.close()
  await Promise.all([fed.close(), embedded.close()])
  return {
    events,
    rebuiltPerSecond: perSecond(times.rebuilt),
    projectedPerSecond: perSecond(times.projected),
    readPerSecond: perSecond(times.read),
    rebuiltShareOfRead: ratioSpread(times.read, times.rebuilt),
  }
}
