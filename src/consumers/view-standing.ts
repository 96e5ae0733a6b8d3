import type { Clock } from '../clock.ts'
import type { Bus } from '../bus/bus.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import { logLag } from './log-lag.ts'
import type { Checkpoint, TableSizes, ViewStore } from '../views/view-store.ts'

/** How far the views are, by each of the ways in which they may be fed. */
export interface ViewStanding {
  /** From the log, by the processes that work on runs. */
  readonly log: {
    readonly checkpoint: Checkpoint | undefined
    /** Events of runs behind it that the log holds. */
    readonly lag: number
    /** Whether there are perhaps more: to count them all would be to read the log. */
    readonly lagIsAtLeast: boolean
  }
  /** From the topic of events, by `refold project`; undefined where there is no bus. */
  readonly topic?: TopicStanding & {
    readonly name: string
    /** ms since the epoch. */
    readonly pausedSince: number | undefined
  }
  readonly generation: number
  readonly sizes: TableSizes
}

export const viewStanding = async (
  { log, views, clock }: { readonly log: EventLog; readonly views: ViewStore; readonly clock: Clock },
  fed: { readonly bus: Bus; readonly topic: string } | undefined,
): Promise<ViewStanding> => {
  const checkpoint = await views.checkpoint()
  const { events: lag, isAtLeast: lagIsAtLeast } = await logLag({ log, clock }, checkpoint?.position)
  const { generation } = await views.topicState('')
  const standing = { log: { checkpoint, lag, lagIsAtLeast }, generation, sizes: await views.sizes() }
  if (fed === undefined) return standing
  const { partitions, lag: messages } = await topicStanding(views, fed.bus, fed.topic)
  return { ...standing, topic: { name: fed.topic, partitions, lag: messages, pausedSince: await views.pausedSince() } }
}

interface TopicStanding {
  /** `next` is undefined where the views have taken in nothing of it. */
  readonly partitions: readonly { readonly partition: number; readonly next: number | undefined; readonly end: number }[]
  /** Messages that the views have not taken in. */
  readonly lag: number
}

export const topicStanding = async (views: Pick<ViewStore, 'topicState'>, bus: Bus, topic: string): Promise<TopicStanding> => {
  const { offsets } = await views.topicState(topic)
  const ranges = await bus.ranges(topic)
  const behind = ranges.map(({ partition, begin, end }) => Math.max(0, end - Math.max(begin, offsets.get(partition) ?? begin)))
  return {
    partitions: ranges.map(({ partition, end }) => ({ partition, next: offsets.get(partition), end })),
    lag: behind.reduce((sum, messages) => sum + messages, 0),
  }
}
