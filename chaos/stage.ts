import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { startBackbone, type Backbone } from '../servers/backbone.ts'
import { freePorts } from '../servers/free-ports.ts'
import { fileLedger, type Ledger } from '../simulation/ledger.ts'
import { kafkaBus } from '../src/bus/bus.kafka.ts'
import type { Bus } from '../src/bus/bus.ts'
import { systemClock } from '../src/clock.ts'
import { topicsOf, type Topics } from '../src/consumers/topics.ts'
import { openRefold, type OpenRefold } from '../src/open-refold.ts'
import config, { LEDGER_FILE } from './refold.config.ts'
import { supervise, type SupervisedProcess } from './supervised-process.ts'

/** Servers, Refold's processes on them, and the eyes and hands of whoever watches them. */
export interface Stage {
  readonly backbone: Backbone
  readonly workers: readonly SupervisedProcess[]
  readonly relay: SupervisedProcess
  readonly projector: SupervisedProcess
  readonly service: SupervisedProcess
  /** Of the HTTP service. */
  readonly url: string
  readonly bus: Bus
  readonly topics: Topics
  /** It looks and moves nothing. */
  readonly refold: OpenRefold
  readonly ledger: Ledger
  close(): Promise<void>
}

export interface StageOptions {
  readonly brokers: 1 | 3
  /** Told what the processes log. */
  readonly hear: (line: string) => void
}

const PARTITIONS = 4

export const openStage = async ({ brokers, hear }: StageOptions): Promise<Stage> => {
  const folder = mkdtempSync(join(tmpdir(), 'refold-chaos-'))
  const backbone = await startBackbone({ brokers })
  const environment = { ...backbone.environment, REFOLD_LOG_LEVEL: 'warn' }
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
  // It makes the topics that the others need.
  const relay = await start('relay', 'relay', '--partitions', String(PARTITIONS))
  const [port = 0] = await freePorts(1)
  const [projector, service, ...workers] = await Promise.all([
    start('projector', 'project'),
    start('HTTP service', 'serve', '--port', String(port)),
    start('worker 1', 'worker'),
    start('worker 2', 'worker'),
  ])
  Object.assign(process.env, backbone.environment)
  const refold = await openRefold({ ...config, recover: false, logger: pino({ level: 'silent' }) })
  const bus = kafkaBus({ brokers: backbone.kafka.address.split(','), clock: systemClock, notify: () => undefined })
  return {
    backbone,
    workers,
    relay,
    projector,
    service,
    url: `http://127.0.0.1:${port}`,
    bus,
    topics: topicsOf('refold'),
    refold,
    ledger: fileLedger(join(folder, LEDGER_FILE)),
    async close() {
      await Promise.all([relay, projector, service, ...workers].map((process) => process.stop()))
      await bus.close()
      await refold.close()
      await backbone.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
