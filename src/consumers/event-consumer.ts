import type { Batch, Bus, BusConsumer, DeliveredMessage, Restart } from '../bus/bus.ts'
import type { Clock } from '../clock.ts'
import type { EventLog, StoredEvent } from '../eventlog/event-log.ts'
import { RUN_STREAM_PREFIX } from '../events/codec.ts'
import { nextTurn } from './bursts.ts'
import { completeEvents, runIdsIn } from './complete-events.ts'
import { deadLetters, type DeadLetter } from './dead-letters.ts'
import type { FedView, PoisonEvent } from './fed-view.ts'
import type { Topics } from './topics.ts'

// Keeps a view in step with the topic of events.
//
//   F1. The offset moves in the transaction of the rows, and only on the rows and from the offset that the batch was folded on.
//   F2. A view holds each run without a gap: what the topic leaves out is read from the log, what it repeats is passed over.
//   F3. What cannot be taken in lies among the dead letters before the view moves behind it, and everything else goes on.

export type ConsumerNotice =
  | { readonly type: 'eventsLeftOut'; readonly group: string; readonly code: string; readonly reason: string; readonly key: string }
  | { readonly type: 'viewRebuilt'; readonly group: string; readonly events: number }

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
  pause(): void
  resume(): void
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

const BATCH_EVENTS = 500
const RUNS = { streamPrefix: RUN_STREAM_PREFIX }

/** What the view is known to be, for one partition. */
interface Stand {
  readonly generation: number
  readonly from: number | undefined
}

/**
 * Follows the topic until it is closed. A view that was never filled, or that stands where the topic no longer is, is filled from the log
 * first: a topic keeps its messages for days only.
 */
export const startEventConsumer = async (options: EventConsumerOptions): Promise<EventConsumer> => {
  const { bus, view, topics, group } = options
  const take = batchTaker(options)
  let isPaused = false
  let rebuilding: Promise<void> = Promise.resolve()

  const consume = (): BusConsumer => {
    const started = bus.consume({ group, topics: [topics.events], startAt: (_, partition) => take.startAt(partition), handle: take.handle })
    if (isPaused) started.pause()
    return started
  }
  if (await hasToBeFilled(bus, view, topics.events)) await rebuildView(options)
  let consumer = consume()

  return {
    pause() {
      isPaused = true
      consumer.pause()
    },
    resume() {
      isPaused = false
      consumer.resume()
    },
    rebuild() {
      const done = rebuilding.then(async () => {
        await rebuildView(options)
        // Everybody in the group asks the view anew where to go on: what came while the log was read is taken in again.
        await consumer.close()
        consumer = consume()
      })
      rebuilding = done.catch(() => undefined)
      return done
    },
    lag: () => lagBehind(bus, view, topics.events),
    counts: take.counts,
    async close() {
      await rebuilding
      await consumer.close()
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

const rebuildView = async ({ bus, log, view, topics, group, notify }: EventConsumerOptions): Promise<void> => {
  // Asked before the log is read: whatever lies before these offsets is in the log by now.
  const ends = new Map((await bus.ranges(topics.events)).map(({ partition, end }) => [partition, end]))
  const rebuild = await view.beginRebuild()
  let events = 0
  try {
    let batch: StoredEvent[] = []
    for await (const event of log.readAll({ filter: RUNS })) {
      events += 1
      batch.push(event)
      if (batch.length < BATCH_EVENTS) continue
      await rebuild.take(batch)
      batch = []
      await nextTurn()
    }
    await rebuild.take(batch)
    await rebuild.finish(topics.events, ends)
  } catch (error) {
    await rebuild.discard().catch(() => undefined)
    throw error
  }
  notify({ type: 'viewRebuilt', group, events })
}

interface BatchTaker {
  readonly startAt: (partition: number) => Promise<number>
  readonly handle: (batch: Batch) => Promise<Restart | undefined>
  readonly counts: () => ConsumerCounts
}

const batchTaker = ({ bus, log, view, topics, group, clock, notify }: EventConsumerOptions): BatchTaker => {
  const leftOut = deadLetters(bus, topics.eventsDeadLetters, clock)
  const stands = new Map<number, Stand>()
  const counts = { taken: 0, repeated: 0, readFromLog: 0, leftOut: 0 }

  const look = async (partition: number): Promise<Stand> => {
    const { generation, offsets } = await view.state(topics.events)
    const stand = { generation, from: offsets.get(partition) }
    stands.set(partition, stand)
    return stand
  }

  return {
    startAt: async (partition) => (await look(partition)).from ?? 0,
    async handle({ topic, partition, messages, next }) {
      const stand = stands.get(partition) ?? (await look(partition))
      const fresh = messages.filter(({ offset }) => offset >= (stand.from ?? 0))
      const runs = await view.open(runIdsIn(fresh))
      const complete = await completeEvents(log, fresh, runs.revisions)
      const folded = runs.fold(complete.events)
      const letters = [...complete.letters, ...folded.poison.map((poison) => toLetter(poison, complete.messages))]
      await leftOut.publish(letters)
      if (!(await folded.write({ topic, partition, ...stand, next }))) return { restartAt: (await look(partition)).from ?? 0 }
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
