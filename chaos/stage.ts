import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { freePorts } from '../servers/free-ports.ts'
import type { KafkaBroker } from '../servers/kafka/kafka-broker.ts'
import type { OwnPostgres } from '../servers/postgres.ts'
import { fileLedger, type Ledger } from '../simulation/ledger.ts'
import type { Bus } from '../src/bus/bus.ts'
import { topicsOf, type Topics } from '../src/consumers/topics.ts'
import { openBus } from '../src/open-bus.ts'
import { openRefold, type OpenRefold } from '../src/open-refold.ts'
import type { TroubledEventStore } from './event-store.ts'
import config, { LEDGER_FILE } from './refold.config.ts'
import { startServers, type ServerOptions } from './servers.ts'
import { supervise, type SupervisedProcess } from './supervised-process.ts'

export interface ChaosBus {
  readonly bus: Bus
  readonly topics: Topics
}

/** Servers, Refold's processes on them, and the eyes and hands of whoever watches them. */
export interface Stage {
  readonly eventStore: TroubledEventStore
  readonly postgres: Pick<OwnPostgres, 'kill' | 'start'>
  /** Those that may be killed. */
  readonly brokers: readonly Pick<KafkaBroker, 'kill' | 'start'>[]
  readonly workers: readonly SupervisedProcess[]
  /** Of an installation with Kafka, as the projector and the bus. */
  readonly relay: SupervisedProcess | undefined
  readonly projector: SupervisedProcess | undefined
  readonly kafka: ChaosBus | undefined
  readonly service: SupervisedProcess
  /** Of the HTTP service. */
  readonly url: string
  /** It looks and moves nothing. */
  readonly refold: OpenRefold
  readonly ledger: Ledger
  close(): Promise<void>
}

export interface StageOptions extends ServerOptions {
  /** Told what the processes log. */
  readonly hear: (line: string) => void
}

const PARTITIONS = 4

export const openStage = async ({ hear, ...options }: StageOptions): Promise<Stage> => {
  const folder = mkdtempSync(join(tmpdir(), 'refold-chaos-'))
  const servers = await startServers(options)
  const environment = { ...servers.environment, REFOLD_LOG_LEVEL: 'warn' }
  const start = (name: string, ...words: string[]): Promise<SupervisedProcess> =>
    supervise(name, {
      words,
      config: join(import.meta.dirname, 'refold.config.ts'),
      folder,
      environment,
      hear: (line) => {
        hear(`${name}: ${line}`)
      },
    })
  const hasKafka = servers.environment.REFOLD_KAFKA !== ''
  // It makes the topics that the others need.
  const relay = hasKafka ? await start('relay', 'relay', '--partitions', String(PARTITIONS)) : undefined
  const [port = 0] = await freePorts(1)
  const [projector, service, ...workers] = await Promise.all([
    hasKafka ? start('projector', 'project') : undefined,
    start('HTTP service', 'serve', '--port', String(port)),
    start('worker 1', 'worker'),
    start('worker 2', 'worker'),
  ])
  Object.assign(process.env, servers.environment)
  const refold = await openRefold({ ...config, recover: false, logger: pino({ level: 'silent' }) })
  const bus = await openBus(() => undefined)
  const log = (): Promise<unknown> => untilAnswered(() => refold.log.head())
  return {
    eventStore: servers.eventStore(log),
    postgres: servers.postgres,
    brokers: servers.brokers,
    workers,
    relay,
    projector,
    service,
    url: `http://127.0.0.1:${port}`,
    kafka: bus === undefined ? undefined : { bus, topics: topicsOf(servers.topicPrefix) },
    refold,
    ledger: fileLedger(join(folder, LEDGER_FILE)),
    async close() {
      const processes = [relay, projector, service, ...workers].filter((process) => process !== undefined)
      await Promise.all(processes.map((process) => process.stop()))
      await bus?.close()
      await refold.close()
      await servers.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const MOST_TRIES = 6

/** Each try is patient by itself. */
const untilAnswered = async (ask: () => Promise<unknown>): Promise<void> => {
  for (let tries = 1; ; tries++) {
    try {
      await ask()
      return
    } catch (error) {
      if (tries === MOST_TRIES) throw error
    }
  }
}
