import { systemIds } from '../../clock.ts'
import type { Environment } from '../../config.ts'
import { processMetrics } from '../../health/process-metrics.ts'
import { addRefoldMetrics, addViewMetrics, timedLogCalls } from '../../health/refold-metrics.ts'
import { addTracerMetrics } from '../../health/tracer-metrics.ts'
import { httpOptions } from '../../http/http-options.ts'
import { createLogger } from '../../logger.ts'
import type { HealthServer } from '../../health/health-server.ts'
import type { HttpServer } from '../../http/server.ts'
import type { OpenRefold } from '../../open-refold.ts'
import type { CommandLine } from '../command-line.ts'
import { growBeside } from '../dataset-grower.ts'
import type { RefoldConfig } from '../define-config.ts'
import { openedPatiently } from '../patient-opening.ts'
import { tellOperator } from '../operator-lines.ts'
import { inTime, noteStop, openHealth, ownDependencies, readSettings, untilStopped } from '../server-process.ts'

export interface ServeOptions {
  readonly host: string
  readonly port: number
  readonly healthPort?: number
}

export const serve = async (line: CommandLine, options: ServeOptions): Promise<void> => {
  const { environment, config } = await readSettings(line, [])
  const grantedMs = (): number => drainMs(line, environment) + environment.REFOLD_GRACE_SECONDS * 1_000
  await inTime(line, grantedMs, () => serveUntilStopped(line, options, environment, config))
}

const serveUntilStopped = async (
  line: CommandLine,
  { host, port: wanted, healthPort }: ServeOptions,
  environment: Environment,
  { http = {}, datasets, ...config }: RefoldConfig,
): Promise<void> => {
  const { clock } = line
  const logger = createLogger(environment.REFOLD_LOG_LEVEL, line.stderr)
  // Only here, so that other commands do not load a web server.
  const { startHttpServer } = await import('../../http/server.ts')
  const metrics = processMetrics(clock)
  const health = await openHealth(line, environment, healthPort, metrics)
  const settings = httpOptions.parse(http)
  const sessionSecret = environment.REFOLD_SESSION_SECRET
  const listening = { settings, host, port: wanted, datasetDir: datasets?.dir }
  const server = await startHttpServer({ ...listening, clock, ids: systemIds, logger, sessionSecret, metrics })
  const refold = await opened(() => openedPatiently(line, logger, { ...config, onLogCall: timedLogCalls(metrics) }), { server, health })
  if (refold === undefined) return
  const graceMs = environment.REFOLD_GRACE_SECONDS * 1_000
  let stopBy = clock.now() + graceMs
  let stopGrowing = (): Promise<void> => Promise.resolve()
  try {
    addRefoldMetrics(metrics, refold.counts)
    addViewMetrics(metrics, { ...refold, clock })
    if (refold.tracer !== undefined) addTracerMetrics(metrics, clock, refold.tracer)
    stopGrowing = growBeside({ refold, datasets, metrics, logger })
    server.serve(refold)
    health?.dependsOn(ownDependencies(refold))
    await line.output.document({ url: server.url })
    await tellOperator(line, `Listening on ${server.url}`)
    await untilStopped(line, refold)
    server.drain()
    await drained(line, environment)
    stopBy = clock.now() + graceMs
    await noteStop(line)
    await server.stop(graceMs)
  } finally {
    // What was asked before the end and what the runs still do share one time.
    await Promise.all([refold.close({ graceMs: Math.max(0, stopBy - clock.now()) }), stopGrowing()])
    await health?.stop()
  }
}

/** Whoever sits at a terminal need not wait until a load balancer has seen it. */
const drainMs = ({ signal }: CommandLine, { REFOLD_DRAIN_SECONDS }: Environment): number =>
  signal.reason === 'SIGTERM' ? REFOLD_DRAIN_SECONDS * 1_000 : 0

const drained = async (line: CommandLine, environment: Environment): Promise<void> => {
  const timeMs = drainMs(line, environment)
  if (timeMs === 0) return
  await tellOperator(line, `Not ready any more; serving on for ${environment.REFOLD_DRAIN_SECONDS} s. A second signal ends it at once.`)
  await new Promise<void>((resolve) => {
    line.clock.setTimer(timeMs, resolve)
  })
}

/** It listens already. Where nothing can be opened, or nothing is wanted any more, it does so no longer. */
const opened = async (
  open: () => Promise<OpenRefold | undefined>,
  { server, health }: { readonly server: HttpServer; readonly health: HealthServer | undefined },
): Promise<OpenRefold | undefined> => {
  let refold: OpenRefold | undefined
  try {
    refold = await open()
    return refold
  } finally {
    if (refold === undefined) await Promise.all([server.stop(0), health?.stop()])
  }
}
