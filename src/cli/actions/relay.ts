import { createRelay, LARGEST_MESSAGE_BYTES, type RelayLag } from '../../consumers/relay.ts'
import { topicSpecs } from '../../consumers/topics.ts'
import type { CommandLine } from '../command-line.ts'
import { patiently } from '../patient-opening.ts'
import { tellOperator } from '../operator-lines.ts'
import { asServerProcess, requiredBus } from '../server-process.ts'

export interface RelayCommandOptions {
  readonly streams: string
  readonly partitions: number
  readonly transactional: boolean
  readonly healthPort?: number
}

export const relay = (line: CommandLine, { streams, partitions, transactional, healthPort }: RelayCommandOptions): Promise<void> =>
  asServerProcess(line, { needs: ['REFOLD_KAFKA'], recover: false, healthPort }, async (parts) => {
    const { refold, logger, topics, metrics, ready } = parts
    const bus = requiredBus(parts)
    const notices: Record<string, number> = {}
    const made = await patiently(line, logger, async () => {
      await bus.ensureTopics(topicSpecs(topics, partitions))
      return true
    })
    if (made === undefined) return
    const carried = createRelay({
      log: refold.log,
      bus,
      topics,
      clock: line.clock,
      streamPrefix: streams,
      transactional,
      largestMessageBytes: LARGEST_MESSAGE_BYTES,
      notify: (notice) => {
        notices[notice.type] = (notices[notice.type] ?? 0) + 1
        logger.warn(notice, 'relay')
      },
    })
    // Two numbers of one look.
    let looking: Promise<RelayLag> | undefined
    const lag = (): Promise<RelayLag> => (looking ??= carried.lag().finally(() => (looking = undefined)))
    metrics.counted('refold_relay_events_total', 'Events that the bus has acknowledged', () => bus.counts().published[topics.events] ?? 0)
    metrics.countedBy('refold_relay_notices_total', 'Failures that were tried again, events that were too large', 'type', () => notices)
    metrics.measured(
      'refold_relay_lag_events',
      'Events that are not on the bus yet, counted up to 10,000',
      async () => (await lag()).events,
    )
    metrics.measured('refold_relay_lag_seconds', 'Age of the oldest of them', async () => (await lag()).seconds)
    ready({ name: 'bus', ask: () => bus.ranges(topics.events) })
    await tellOperator(line, `Carrying ${streams}* to ${topics.events}`)
    await carried.run(line.signal)
  })
