import type { Batch, Bus, BusConsumer, DeliveredMessage, Restart } from '../bus/bus.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { EventLog, StoredEvent } from '../eventlog/event-log.ts'
import { completeEvents, runIdsIn } from './complete-events.ts'
import { deadLetters, type DeadLetter } from './dead-letters.ts'
import type { FedView, PoisonEvent } from './view-feed.ts'
import { rebuildView } from './rebuild-view.ts'
import type { Topics } from './topics.ts'

// Keeps a view in step with the topic of events.
//
//   FEED1. The offset moves in the transaction of the rows, and only on the rows and from the offset that the batch was folded on.
//   FEED2. A view holds each run without a gap: what the topic leaves out is read from the log, what it repeats is passed over.
//   FEED3. What cannot be taken in lies among the dead letters before the view moves behind it, and everything else goes on.

export type ConsumerNotice =
  | { readonly type: 'eventsLeftOut'; readonly group: string; readonly code: string; readonly reason: string; readonly key: string }
  | { readonly type: 'viewRebuilt'; readonly group: string; readonly events: number }
  | { readonly type: 'viewPaused' | 'viewResumed'; readonly group: string }
  /** It is tried again. */
  | { readonly type: 'viewUnavailable'; readonly group: string; readonly reason: string }

export interface EventConsumerOptions {
  readonly bus: Bus
  readonly log: EventLog
  readonly view: FedView
  readonly topics: Topics
  readonly group: string
  readonly clock: Clock
  readonly notify: (notice: ConsumerNotice) => void
}

export interface ConsumerCounts {
  readonly taken: number
  readonly repeated: number
  readonly readFromLog: number
  readonly leftOut: number
}

export interface EventConsumer {
  /**
   * Folds the whole log anew, where nobody looks, while the view goes on, and puts the result in its place. One at a time.
   * Rejects with what log, bus and view say; then the view is as it was.
   */
  rebuild(): Promise<void>
  /** Messages that the view has not taken in. */
  lag(): Promise<number>
  /** Since it was started. */
  counts(): ConsumerCounts
  close(): Promise<void>
}

/** How soon it obeys what somebody on another machine has ordered. */
const WATCH_INTERVAL_MS = 1_000

/** What the view is known to be, for one partition. */
interface Stand {
  readonly generation: number
  readonly from: number | undefined
}

/**
 * Follows the topic until it is closed, and stands still while the view is paused. A view that was never filled, or that stands where the
 * topic no longer is, is filled from the log first: a topic keeps its messages for days only.
 */
export const startEventConsumer = async (options: EventConsumerOptions): Promise<EventConsumer> => {
  const { bus, view, topics } = options
  const handler = batchHandler(options)
  const following = followTopic(options, handler)
  const orders = watchOrders(options, following)
  await orders.obeyed()
  let rebuilding: Promise<void> = Promise.resolve()
  return {
    rebuild() {
      const done = rebuilding.then(async () => {
        await fill(options)
        // Everybody in the group asks the view anew where to go on: what came while the log was read is taken in again.
        await following.again()
      })
      rebuilding = done.catch(() => undefined)
      return done
    },
    lag: () => lagBehind(bus, view, topics.events),
    counts: handler.counts,
    async close() {
      await orders.end()
      await rebuilding
      await following.close()
    },
  }
}

interface Following {
  /** Begins, unless it has begun. Rejects where the view cannot be filled. */
  begin(): Promise<void>
  /** It stands still as long as it is held. */
  hold(wanted: boolean): void
  again(): Promise<void>
  close(): Promise<void>
}

const followTopic = (options: EventConsumerOptions, handler: BatchHandler): Following => {
  const { bus, view, topics, group } = options
  let isHeld = false
  let consumer: BusConsumer | undefined
  const consume = (): void => {
    consumer = bus.consume({
      group,
      topics: [topics.events],
      startAt: (_, partition) => handler.startAt(partition),
      handle: handler.handle,
    })
    if (isHeld) consumer.pause()
  }
  return {
    async begin() {
      if (consumer !== undefined) return
      if (await hasToBeFilled(bus, view, topics.events)) await fill(options)
      consume()
    },
    hold(wanted) {
      if (wanted === isHeld) return
      isHeld = wanted
      if (isHeld) consumer?.pause()
      else consumer?.resume()
    },
    async again() {
      if (consumer === undefined) return
      await consumer.close()
      consume()
    },
    close: async () => consumer?.close(),
  }
}

interface Orders {
  /** Asks once. Rejects where the view cannot be asked or filled. */
  obeyed(): Promise<void>
  end(): Promise<void>
}

/** Obeys, again and again, whoever pauses the view and resumes it. A view that was paused from the beginning is filled once it is resumed. */
const watchOrders = ({ view, group, clock, notify }: EventConsumerOptions, following: Following): Orders => {
  let isPaused = false
  let isOver = false
  let disarm = (): void => undefined
  let asking: Promise<void> = Promise.resolve()
  const ask = async (): Promise<void> => {
    const wasPaused = isPaused
    isPaused = await view.isPaused()
    following.hold(isPaused)
    if (isPaused !== wasPaused) notify({ type: isPaused ? 'viewPaused' : 'viewResumed', group })
    if (!isPaused) await following.begin()
  }
  const askLater = (): void => {
    disarm = clock.setTimer(WATCH_INTERVAL_MS, () => {
      asking = ask()
        .catch((error: unknown) => {
          notify({ type: 'viewUnavailable', group, reason: messageOf(error) })
        })
        .finally(() => {
          if (!isOver) askLater()
        })
    })
  }
  return {
    async obeyed() {
      await ask()
      askLater()
    },
    async end() {
      isOver = true
      disarm()
      await asking
    },
  }
}

const hasToBeFilled = async (bus: Bus, view: FedView, topic: string): Promise<boolean> => {
  const { offsets } = await view.state(topic)
  if (offsets.size === 0) return true
  return (await bus.ranges(topic)).some(({ partition, begin, end }) => {
    const offset = offsets.get(partition) ?? 0
    return offset < begin || offset > end
  })
}

const lagBehind = async (bus: Bus, view: FedView, topic: string): Promise<number> => {
  const { offsets } = await view.state(topic)
  const behind = (await bus.ranges(topic)).map(({ partition, begin, end }) =>
    Math.max(0, end - Math.max(begin, offsets.get(partition) ?? begin)),
  )
  return behind.reduce((sum, messages) => sum + messages, 0)
}

const fill = async ({ bus, log, view, topics, group, notify }: EventConsumerOptions): Promise<void> => {
  const events = await rebuildView({ log, view, topic: { name: topics.events, ends: () => topicEnds(bus, topics.events) } })
  notify({ type: 'viewRebuilt', group, events })
}

/** Of the next message to come, by partition. */
export const topicEnds = async (bus: Bus, topic: string): Promise<ReadonlyMap<number, number>> =>
  new Map((await bus.ranges(topic)).map(({ partition, end }) => [partition, end]))

interface BatchHandler {
  readonly startAt: (partition: number) => Promise<number>
  readonly handle: (batch: Batch) => Promise<Restart | undefined>
  readonly counts: () => ConsumerCounts
}

const batchHandler = ({ bus, log, view, topics, group, clock, notify }: EventConsumerOptions): BatchHandler => {
  const leftOut = deadLetters(bus, topics.eventsDeadLetters, clock)
  const stands = new Map<number, Stand>()
  const counts = { taken: 0, repeated: 0, readFromLog: 0, leftOut: 0 }

  const readStand = async (partition: number): Promise<Stand> => {
    const { generation, offsets } = await view.state(topics.events)
    const stand = { generation, from: offsets.get(partition) }
    stands.set(partition, stand)
    return stand
  }

  return {
    startAt: async (partition) => (await readStand(partition)).from ?? 0,
    async handle({ topic, partition, messages, next }) {
      const stand = stands.get(partition) ?? (await readStand(partition))
      const fresh = messages.filter(({ offset }) => offset >= (stand.from ?? 0))
      const runs = await view.open(runIdsIn(fresh))
      const complete = await completeEvents(log, fresh, runs.revisions)
      const folded = runs.fold(complete.events)
      const letters = [...complete.letters, ...folded.poison.map((poison) => toLetter(poison, complete.messages))]
      await leftOut.publish(letters)
      if (!(await folded.write({ topic, partition, ...stand, next }))) return { restartAt: (await readStand(partition)).from ?? 0 }
      stands.set(partition, { ...stand, from: next })
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

const toLetter = ({ event, reason }: PoisonEvent, messages: ReadonlyMap<StoredEvent, DeliveredMessage>): DeadLetter => {
  const message = messages.get(event)
  if (message === undefined) throw new Error(`${event.stream}@${event.revision} was never delivered`)
  return { message, code: 'UnexpectedEvent', reason }
}
