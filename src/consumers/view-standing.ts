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
  readonly topic?: {
    readonly name: string
    readonly partitions: readonly { readonly partition: number; readonly next: number | undefined; readonly end: number }[]
    readonly lag: number
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
  const { generation, offsets } = await views.topicState(fed?.topic ?? '')
  const { events: lag, isAtLeast: lagIsAtLeast } = await logLag({ log, clock }, checkpoint?.position)
  const standing = { log: { checkpoint, lag, lagIsAtLeast }, generation, sizes: await views.sizes() }
  if (fed === undefined) return standing
  const partitions = (await fed.bus.ranges(fed.topic)).map(({ partition, begin, end }) => ({
    partition,
    next: offsets.get(partition),
    end,
    behind: Math.max(0, end - Math.max(begin, offsets.get(partition) ?? begin)),
  }))
  return {
    ...standing,
    topic: {
      name: fed.topic,
      partitions: partitions.map(({ behind: _, ...partition }) => partition),
      lag: partitions.reduce((sum, { behind }) => sum + behind, 0),
      pausedSince: await views.pausedSince(),
    },
  }
}
