import { startEventConsumer } from '../../consumers/event-consumer.ts'
import type { AddCommand, CommandLine } from '../command-line.ts'
import { tellOperator } from '../operator-lines.ts'
import { port } from '../option-values.ts'
import { patiently } from '../patient-opening.ts'
import { asServerProcess, requiredBus, untilStopped } from '../server-process.ts'

/** Keeps the views in step with the topic of events. */
export const addProjectCommand: AddCommand = (program, commandLine) => {
  program
    .command('project')
    .description('keep the views in step with the events on Kafka, until it is told to stop')
    .option('--rebuild', 'fold them anew first, while the old ones serve', false)
    .option('--health-port <port>', 'serve /healthz, /readyz and /metrics there; REFOLD_HEALTH_PORT without it', port)
    .action((options: ProjectOptions) => project(commandLine(), options))
}

interface ProjectOptions {
  readonly rebuild: boolean
  readonly healthPort?: number
}

const project = (line: CommandLine, { rebuild, healthPort }: ProjectOptions): Promise<void> =>
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
