import { kafkaBus } from '../../src/bus/kafka/kafka-bus.ts'
import type { Bus, BusNotice } from '../../src/bus/bus.ts'
import { systemClock } from '../../src/clock.ts'
import { noteMissing, noteServer } from '../support/server-lines.ts'
import { startKafkaCluster, type KafkaCluster } from '../../servers/kafka/kafka-cluster.ts'
import { missingForKafka, type KafkaVersion } from '../../servers/kafka/kafka-jars.ts'

export interface TestKafka {
  readonly address: string
  stop(): Promise<void>
}

/**
 * The broker that REFOLD_TEST_KAFKA names (`host:port`), or one of this test's own. Undefined where this machine cannot run one:
 * the closing lines say so. To be asked for while the tests are collected, so that they can be left out.
 */
export const testKafka = async (suite: string): Promise<TestKafka | undefined> => {
  const address = process.env['REFOLD_TEST_KAFKA']
  if (address === undefined || address === '') return ownKafka(suite)
  noteServer(suite, `the Kafka broker at ${address}`)
  return { address, stop: () => Promise.resolve() }
}

/** Brokers that the test may kill. */
export const ownKafka = async (suite: string, version: KafkaVersion = '3.9.1', size: 1 | 3 = 1): Promise<KafkaCluster | undefined> => {
  const missing = await missingForKafka(version)
  if (missing !== undefined) {
    noteMissing(suite, missing)
    return undefined
  }
  const cluster = await startKafkaCluster(version, size)
  noteServer(suite, `Apache Kafka ${version}${size === 1 ? '' : `, ${size} brokers`}`)
  return cluster
}

/** The shortest session that a broker grants. */
export const SESSION_MS = 6_000

export interface OpenKafkaBus {
  readonly bus: Bus
  readonly notices: readonly BusNotice[]
}

export const openKafkaBus = ({ address }: TestKafka): OpenKafkaBus => {
  const notices: BusNotice[] = []
  const bus = kafkaBus({
    brokers: address.split(','),
    sessionTimeoutMs: SESSION_MS,
    clock: systemClock,
    notify: (notice) => notices.push(notice),
  })
  return { bus, notices }
}
