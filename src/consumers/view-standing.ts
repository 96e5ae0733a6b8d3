import type { Bus } from '../bus/bus.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import { RUN_STREAM_PREFIX } from '../events/codec.ts'
import type { Checkpoint, TableSizes, ViewStore } from '../views/view-store.ts'

/** How far the views are, by each of the ways in which they may be fed. */
export interface ViewStanding {
  /** From the log, by the processes that work on runs. */
  readonly log: {
    readonly checkpoint: Checkpoint | undefined
    /** Events behind it that the log holds; {@link MOST_COUNTED} stands for as many or more. */
    readonly lag: number
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

/** To count more would be to read the log. */
export const MOST_COUNTED = 10_000

export const viewStanding = async (
  { log, views }: { readonly log: EventLog; readonly views: ViewStore },
  fed: { readonly bus: Bus; readonly topic: string } | undefined,
): Promise<ViewStanding> => {
  const checkpoint = await views.checkpoint()
  const { generation, offsets } = await views.topicState(fed?.topic ?? '')
  const standing = { log: { checkpoint, lag: await eventsBehind(log, checkpoint) }, generation, sizes: await views.sizes() }
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

const eventsBehind = async (log: EventLog, checkpoint: Checkpoint | undefined): Promise<number> => {
  let events = 0
  const from = checkpoint === undefined ? {} : { from: checkpoint.position }
  for await (const { position } of log.readAll({ filter: { streamPrefix: RUN_STREAM_PREFIX }, limit: MOST_COUNTED + 1, ...from })) {
    if (position !== checkpoint?.position) events += 1
  }
  return Math.min(events, MOST_COUNTED)
}
