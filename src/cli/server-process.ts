import { once } from 'node:events'
import type { Logger } from 'pino'
import { readEnvironment, type Environment } from '../config.ts'
import { topicsOf, type Topics } from '../consumers/topics.ts'
import { AppError, isAppError } from '../errors.ts'
import { countedBus, type CountedBus } from '../health/counted-bus.ts'
import { startHealthServer, type HealthServer } from '../health/health-server.ts'
import { processMetrics, type ProcessMetrics } from '../health/process-metrics.ts'
import type { Dependency } from '../health/readiness.ts'
import { addBusMetrics, timedLogCalls } from '../health/refold-metrics.ts'
import { createLogger } from '../logger.ts'
import type { OpenRefold } from '../open-refold.ts'
import type { CommandLine } from './command-line.ts'
import { openedPatiently } from './patient-opening.ts'
import { loadConfig } from './config-file.ts'
import type { RefoldConfig } from './define-config.ts'
import { tellOperator } from './operator-lines.ts'
import { exitCodes } from './exit-codes.ts'

export interface ServerProcessOptions {
  readonly needs: readonly (keyof Environment)[]
  /** Whether it takes up runs that nobody works on. */
  readonly recover: boolean
  /** `--health-port`; that of the environment where it is undefined. */
  readonly healthPort: number | undefined
}

/** What a process that runs until it is told to stop works with. */
export interface ServerProcess {
  readonly refold: OpenRefold
  /** Of the configuration. */
  readonly datasets: RefoldConfig['datasets']
  readonly bus: CountedBus | undefined
  readonly logger: Logger
  /** All of one installation begin with the same prefix. */
  readonly topics: Topics
  readonly metrics: ProcessMetrics
  /** It is ready whenever these answer, beside the log and the views. */
  readonly ready: (...dependencies: readonly Dependency[]) => void
  /** Called once the process is asked to stop, while Refold finishes what is under way. */
  readonly atEnd: (close: () => Promise<void>) => void
}

/** For a server that does not answer while everything else has ended. */
const MARGIN_MS = 5_000

/** Rejects with `InvalidConfiguration`, with all that is wrong in the environment and in the configuration. */
export const readSettings = async (
  line: CommandLine,
  needs: readonly (keyof Environment)[],
): Promise<{ readonly environment: Environment; readonly config: RefoldConfig }> => {
  const [environment, config] = await Promise.allSettled([readNeeded(needs), loadConfig(line.cwd, line.configFile)])
  if (environment.status === 'fulfilled' && config.status === 'fulfilled') return { environment: environment.value, config: config.value }
  const reasons = [environment, config].flatMap((read) => (read.status === 'rejected' ? [read.reason as unknown] : []))
  const other = reasons.find((reason) => !isAppError(reason, 'InvalidConfiguration'))
  if (other !== undefined || reasons.length === 1) throw other ?? reasons[0]
  throw new AppError('InvalidConfiguration', reasons.map((reason) => (reason as AppError).message).join('\n'))
}

const readNeeded = async (needs: readonly (keyof Environment)[]): Promise<Environment> => readEnvironment(undefined, needs)

/** Runs `work` until it ends, by itself or because the process is asked to stop, and closes everything in the time that is granted for it. */
export const asServerProcess = async (
  line: CommandLine,
  options: ServerProcessOptions,
  work: (parts: ServerProcess) => Promise<void>,
): Promise<void> => {
  const { environment, config } = await readSettings(line, options.needs)
  const { http: _, datasets, ...refoldConfig } = config
  const logger = createLogger(environment.REFOLD_LOG_LEVEL, line.stderr)
  const metrics = processMetrics(line.clock)
  const health = await openHealth(line, environment, options.healthPort, metrics)
  await inTime(
    line,
    () => environment.REFOLD_GRACE_SECONDS * 1_000,
    async () => {
      const bus = await openCountedBus(line, logger, metrics)
      const timed = { onLogCall: timedLogCalls(metrics) }
      const refold = await openedPatiently(line, logger, { ...refoldConfig, recover: options.recover, ...timed })
      if (refold === undefined) return bus?.close()
      const ends: (() => Promise<void>)[] = []
      try {
        await work({
          refold,
          datasets,
          bus,
          logger,
          topics: topicsOf(environment.REFOLD_TOPIC_PREFIX),
          metrics,
          ready: (...dependencies) => health?.dependsOn([...ownDependencies(refold), ...dependencies]),
          atEnd: (close) => ends.push(close),
        })
      } finally {
        if (line.signal.aborted) await noteStop(line)
        await Promise.all([refold.close(), ...ends.map((close) => close())])
        await bus?.close()
      }
    },
  )
  await health?.stop()
}

export const noteStop = (line: CommandLine): Promise<void> =>
  tellOperator(line, 'Finishing what is under way. Ctrl-C again leaves at once.')

/** Rejects with `LogRestored` where the process has to end because its log went back. */
export const untilStopped = async ({ signal }: CommandLine, { wentBack }: Pick<OpenRefold, 'wentBack'>): Promise<void> => {
  const either = AbortSignal.any([signal, wentBack])
  if (!either.aborted) await once(either, 'abort')
  if (wentBack.aborted) throw wentBack.reason
}

/** Once the process is asked to stop, it has the time that is granted then and a little more; whatever does not answer then is left behind. */
export const inTime = async (line: CommandLine, grantedMs: () => number, work: () => Promise<void>): Promise<void> => {
  const timeUp = Promise.withResolvers<'timeUp'>()
  const arm = (): void => {
    line.clock.setTimer(grantedMs() + MARGIN_MS, () => {
      timeUp.resolve('timeUp')
    })
  }
  if (line.signal.aborted) arm()
  else line.signal.addEventListener('abort', arm, { once: true })
  const ended = await Promise.race([work(), timeUp.promise])
  line.signal.removeEventListener('abort', arm)
  if (ended !== 'timeUp') return
  await tellOperator(line, 'Leaving now: something did not end in time. Other workers take up what is open.')
  line.exitWith(exitCodes.interrupted)
}

/** Of a process that needs REFOLD_KAFKA. */
export const requiredBus = ({ bus }: ServerProcess): CountedBus => {
  if (bus !== undefined) return bus
  throw new AppError('InvalidConfiguration', 'Expected a bus, found none')
}

/** Where a port is wanted for it. */
export const openHealth = async (
  line: CommandLine,
  environment: Environment,
  wanted: number | undefined,
  metrics: ProcessMetrics,
): Promise<HealthServer | undefined> => {
  const port = wanted ?? environment.REFOLD_HEALTH_PORT
  if (port === undefined) return undefined
  const { clock, signal: stopping } = line
  const health = await startHealthServer({ host: environment.REFOLD_HEALTH_HOST, port, clock, metrics, stopping })
  await tellOperator(line, `Health and metrics on ${health.url}`)
  return health
}

const openCountedBus = async (line: CommandLine, logger: Logger, metrics: ProcessMetrics): Promise<CountedBus | undefined> => {
  const notices: Record<string, number> = {}
  const bus = await line.openBus((notice) => {
    notices[notice.type] = (notices[notice.type] ?? 0) + 1
    logger.warn(notice, 'bus')
  })
  if (bus === undefined) return undefined
  const counted = countedBus(bus)
  addBusMetrics(metrics, counted.counts)
  metrics.countedBy('refold_bus_notices_total', 'Batches that failed, consumers that were rebuilt', 'type', () => notices)
  return counted
}

export const ownDependencies = ({ log, views }: OpenRefold): readonly Dependency[] => [
  { name: 'log', ask: () => log.head() },
  { name: 'views', ask: () => views.checkpoint() },
]
