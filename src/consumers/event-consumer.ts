import type { Bus, BusConsumer } from '../bus/bus.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import type { ViewStore } from '../views/view-store.ts'
import { rebuildViews } from './rebuild-views.ts'
import type { Topics } from './topics.ts'
import { topicStanding } from './view-standing.ts'
import { topicBatches, type ConsumerCounts, type EventsLeftOut, type TopicBatches } from './topic-batch.ts'

// Keeps the views in step with the topic of events: when they are filled from the log, when they stand still, where they go on.
// What a batch does is in topic-batch.ts.

export type ConsumerNotice =
  | EventsLeftOut
  | { readonly type: 'viewRebuilt'; readonly group: string; readonly events: number }
  | { readonly type: 'viewPaused' | 'viewResumed'; readonly group: string }
  /** It is tried again. */
  | { readonly type: 'viewUnavailable'; readonly group: string; readonly reason: string }

export interface EventConsumerOptions {
  readonly bus: Bus
  readonly log: EventLog
  readonly views: ViewStore
  readonly topics: Topics
  readonly group: string
  readonly clock: Clock
  readonly notify: (notice: ConsumerNotice) => void
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

/**
 * Follows the topic until it is closed, and stands still while the view is paused. A view that was never filled, or that stands where the
 * topic no longer is, is filled from the log first: a topic keeps its messages for days only.
 */
export const startEventConsumer = async (options: EventConsumerOptions): Promise<EventConsumer> => {
  const { bus, views, topics } = options
  const handler = topicBatches(options)
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
    lag: async () => (await topicStanding(views, bus, topics.events)).lag,
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

const followTopic = (options: EventConsumerOptions, handler: TopicBatches): Following => {
  const { bus, views, topics, group } = options
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
      if (await hasToBeFilled(bus, views, topics.events)) await fill(options)
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
const watchOrders = ({ views, group, clock, notify }: EventConsumerOptions, following: Following): Orders => {
  let isPaused = false
  let isOver = false
  let disarm = (): void => undefined
  let asking: Promise<void> = Promise.resolve()
  const ask = async (): Promise<void> => {
    const wasPaused = isPaused
    isPaused = (await views.pausedSince()) !== undefined
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

const hasToBeFilled = async (bus: Bus, views: ViewStore, topic: string): Promise<boolean> => {
  const { offsets } = await views.topicState(topic)
  if (offsets.size === 0) return true
  return (await bus.ranges(topic)).some(({ partition, begin, end }) => {
    const offset = offsets.get(partition) ?? 0
    return offset < begin || offset > end
  })
}

const fill = async ({ bus, log, views, topics, group, notify }: EventConsumerOptions): Promise<void> => {
  const events = await rebuildViews({ log, views, topic: { name: topics.events, ends: () => topicEnds(bus, topics.events) } })
  notify({ type: 'viewRebuilt', group, events })
}

/** Of the next message to come, by partition. */
export const topicEnds = async (bus: Bus, topic: string): Promise<ReadonlyMap<number, number>> =>
  new Map((await bus.ranges(topic)).map(({ partition, end }) => [partition, end]))
