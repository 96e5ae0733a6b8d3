import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { freePorts } from '../free-ports.ts'
import { brokerKeys } from './broker-keys.ts'
import type { BrokerPorts } from './broker-settings.ts'
import { kafkaBroker, type KafkaBroker } from './kafka-broker.ts'
import { kafkaJars, type KafkaVersion } from './kafka-jars.ts'

/** Real brokers that are one cluster, on this machine. */
export interface KafkaCluster {
  /** `host:port` of each broker, with commas between them. */
  readonly address: string
  /** The first broker behind TLS, for the user `SECURE_USER`; its certificate is that of `ca`. */
  readonly secure: { readonly address: string; readonly ca: string }
  readonly brokers: readonly KafkaBroker[]
  /** All of them: SIGKILL; their files stay. */
  kill(): Promise<void>
  /** All of them, again. Resolves once they serve. */
  start(): Promise<void>
  /** SIGKILL, and their files go. */
  stop(): Promise<void>
}

/** Resolves once all brokers serve. */
export const startKafkaCluster = async (version: KafkaVersion, size: 1 | 3 = 1): Promise<KafkaCluster> => {
  const jars = await kafkaJars(version)
  const { keyStore, ca } = await brokerKeys(dirname(jars))
  const folder = await mkdtemp(join(tmpdir(), 'refold-kafka-'))
  const ports = await portsOf(size)
  const brokers: KafkaBroker[] = []
  for (const nodeId of ports.keys().map((at) => at + 1)) {
    const own = join(folder, String(nodeId))
    await mkdir(own)
    brokers.push(await kafkaBroker(version, jars, { nodeId, folder: own, ports, keyStore }))
  }
  const kill = async (): Promise<void> => {
    await Promise.all(brokers.map((broker) => broker.kill()))
  }
  const start = async (): Promise<void> => {
    await Promise.all(brokers.map((broker) => broker.start()))
  }
  await start()
  return {
    address: ports.map(({ plain }) => `127.0.0.1:${plain}`).join(','),
    secure: { address: `127.0.0.1:${ports[0]?.secure ?? 0}`, ca },
    brokers,
    kill,
    start,
    async stop() {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const portsOf = async (size: number): Promise<BrokerPorts[]> => {
  const free = await freePorts(3 * size)
  return Array.from({ length: size }, (_, node) => {
    const [plain = 0, secure = 0, controller = 0] = free.slice(3 * node)
    return { plain, secure, controller }
  })
}
