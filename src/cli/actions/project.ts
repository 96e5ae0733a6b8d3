import { startEventConsumer } from '../../consumers/event-consumer.ts'
import type { CommandLine } from '../command-line.ts'
import { tellOperator } from '../operator-lines.ts'
import { patiently } from '../patient-opening.ts'
import { asServerProcess, requiredBus, untilStopped } from '../server-process.ts'

export interface ProjectOptions {
  readonly rebuild: boolean
  readonly healthPort?: number
}

export const project = (line: CommandLine, { rebuild, healthPort }: ProjectOptions): Promise<void> =>
  asServerProcess(line, { needs: ['REFOLD_KAFKA'], recover: false, healthPort }, async (parts) => {
    const { refold, logger, topics, metrics, ready, atEnd } = parts
    const bus = requiredBus(parts)
    const consumer = await patiently(line, logger, () =>
      startEventConsumer({
        bus,
        log: refold.log,
        views: refold.views,
        topics,
        group: `${topics.prefix}.views`,
        clock: line.clock,
        notify: (notice) => {
          logger.warn(notice, 'projector')
        },
      }),
    )
    if (consumer === undefined) return
    atEnd(() => consumer.close())
    metrics.countedBy('refold_view_events_total', 'Events of the topic, by what became of them', 'outcome', () => ({
      ...consumer.counts(),
    }))
    metrics.measured('refold_view_lag_messages', 'Messages that the view has not taken in', () => consumer.lag())
    ready({ name: 'bus', ask: () => bus.ranges(topics.events) })
    await tellOperator(line, `Following ${topics.events}`)
    if (rebuild) await patiently(line, logger, () => consumer.rebuild())
    await untilStopped(line, refold)
  })
