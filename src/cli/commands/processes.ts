import { once } from 'node:events'
import { InvalidArgumentError } from 'commander'
import { pino, type Logger } from 'pino'
import type { Bus } from '../../bus/bus.ts'
import { readEnvironment } from '../../config.ts'
import { consumeCommands } from '../../consumers/commands-in.ts'
import { startEventConsumer } from '../../consumers/event-consumer.ts'
import { createRelay } from '../../consumers/relay.ts'
import { LARGEST_MESSAGE_BYTES } from '../../consumers/relay-options.ts'
import { viewStoreFeed } from '../../consumers/view-store-feed.ts'
import { topicSpecs, topicsOf, type Topics } from '../../consumers/topics.ts'
import { AppError } from '../../errors.ts'
import type { OpenRefold } from '../../open-refold.ts'
import type { AddCommand, CommandLine } from '../command-line.ts'
import { loadConfig } from '../config-file.ts'

/** Works on runs: as many of them as you like, on one log. */
export const addWorkerCommand: AddCommand = (program, commandLine) => {
  program
    .command('worker')
    .description('work on runs, and on the commands of a Kafka if REFOLD_KAFKA names one, until Ctrl-C')
    .action(() => worker(commandLine()))
}

/** Carries every event of the log to Kafka. */
export const addRelayCommand: AddCommand = (program, commandLine) => {
  program
    .command('relay')
    .description('carry the events of the log to the Kafka that REFOLD_KAFKA names, until Ctrl-C')
    .option('--streams <prefix>', 'only streams that begin so: run.3 is one in sixteen', 'run.')
    .option('--partitions <number>', 'of topics that are made; it cannot be raised later', wholeNumber, 12)
    .option('--transactional', 'events and checkpoint in one transaction, so that nothing is repeated', false)
    .action((options: RelayCommandOptions) => relay(commandLine(), options))
}

/** Keeps the views in step with the topic of events. */
export const addProjectCommand: AddCommand = (program, commandLine) => {
  program
    .command('project')
    .description('keep the views in step with the events on Kafka, until Ctrl-C')
    .option('--rebuild', 'fold them anew first, while the old ones serve', false)
    .action((options: { readonly rebuild: boolean }) => project(commandLine(), options))
}

interface RelayCommandOptions {
  readonly streams: string
  readonly partitions: number
  readonly transactional: boolean
}

interface Process {
  readonly refold: OpenRefold
  readonly bus: Bus | undefined
  readonly logger: Logger
  readonly topics: Topics
}

const worker = (line: CommandLine): Promise<void> =>
  inProcess(line, { recover: true }, async ({ refold, bus, logger, topics }) => {
    const consumer =
      bus &&
      consumeCommands({
        bus,
        topics,
        group: 'refold.workers',
        clock: line.clock,
        runtime: refold.runtime,
        notify: (notice) => {
          logger.warn(notice, 'a command was refused')
        },
      })
    await line.output.note(`Working on runs${bus === undefined ? '' : ` and on ${topics.commands}`}`)
    await untilStopped(line)
    await consumer?.close()
  })

const relay = (line: CommandLine, { streams, partitions, transactional }: RelayCommandOptions): Promise<void> =>
  inProcess(line, { recover: false }, async ({ refold, bus, logger, topics }) => {
    await required(bus).ensureTopics(topicSpecs(topics, partitions))
    await line.output.note(`Carrying ${streams}* to ${topics.events}`)
    await createRelay({
      log: refold.log,
      bus: required(bus),
      topics,
      clock: line.clock,
      streamPrefix: streams,
      transactional,
      largestMessageBytes: LARGEST_MESSAGE_BYTES,
      notify: (notice) => {
        logger.warn(notice, 'relay')
      },
    }).run(line.signal)
  })

const project = (line: CommandLine, { rebuild }: { readonly rebuild: boolean }): Promise<void> =>
  inProcess(line, { recover: false }, async ({ refold, bus, logger, topics }) => {
    const consumer = await startEventConsumer({
      bus: required(bus),
      log: refold.log,
      view: viewStoreFeed(refold.views),
      topics,
      group: 'refold.views',
      clock: line.clock,
      notify: (notice) => {
        logger.warn(notice, 'projector')
      },
    })
    await line.output.note(`Following ${topics.events}`)
    if (rebuild) await consumer.rebuild()
    await untilStopped(line)
    await consumer.close()
  })

const inProcess = async (
  line: CommandLine,
  { recover }: { readonly recover: boolean },
  work: (parts: Process) => Promise<void>,
): Promise<void> => {
  const { http: _, ...config } = await loadConfig(line.cwd, line.configFile)
  const logger = pino({ name: 'refold', level: readEnvironment().REFOLD_LOG_LEVEL }, line.stderr)
  const bus = await line.openBus((notice) => {
    logger.warn(notice, 'bus')
  })
  const refold = await line.open({ ...config, logger, recover })
  try {
    await work({ refold, bus, logger, topics: topicsOf('refold') })
  } finally {
    await bus?.close()
    await refold.close()
  }
}

const untilStopped = async ({ signal }: CommandLine): Promise<void> => {
  if (!signal.aborted) await once(signal, 'abort')
}

const required = (bus: Bus | undefined): Bus => {
  if (bus !== undefined) return bus
  throw new AppError('InvalidConfiguration', 'Expected brokers as host:port,host:port in REFOLD_KAFKA, found nothing')
}

const wholeNumber = (text: string): number => {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError('Expected 1, 2, 3 …')
}
