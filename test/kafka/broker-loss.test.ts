import { Kafka, logLevel, type Admin } from 'kafkajs'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { byKey, collector, madeTopic, newGroup, numbered, readAll, valuesOf } from '../conformance/bus-cases.ts'
import type { BusMessage } from '../../src/bus/bus.ts'
import { insist } from './insist.ts'
import { openKafkaBus, ownKafka } from './test-kafka.ts'

const BROKERS = 3
const kafka = await ownKafka('the loss of a broker among three', '3.9.1', BROKERS)
afterAll(() => kafka?.stop())

const KEYS = Array.from({ length: 12 }, (_, index) => `run-${index}`)
const ROUNDS_EACH = 30

/** Asks the brokers that are there. */
const withAdmin = async <Result>(ask: (admin: Admin) => Promise<Result>): Promise<Result> => {
  const admin = new Kafka({ brokers: kafka!.address.split(','), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await ask(admin)
  } finally {
    await admin.disconnect()
  }
}

const partitionsOf = async (admin: Admin, topic: string) => {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  return topics[0]!.partitions
}

const leaderOf = (topic: string, partition: number): Promise<number> =>
  withAdmin(async (admin) => (await partitionsOf(admin, topic)).find(({ partitionId }) => partitionId === partition)!.leader)

/** As Java hashes a text: by it a group finds the partition that keeps its offsets, whose leader coordinates it. */
const javaHash = (text: string): number =>
  Array.from(text, (letter) => letter.charCodeAt(0)).reduce((hash, code) => (Math.imul(31, hash) + code) | 0, 0)

const coordinatorOf = (group: string): Promise<number> =>
  withAdmin(async (admin) => {
    const partitions = await partitionsOf(admin, '__consumer_offsets')
    const own = (javaHash(group) & 0x7fff_ffff) % partitions.length
    return partitions.find(({ partitionId }) => partitionId === own)!.leader
  })

/** All three keep all there is, so that another of them may be lost. */
const allInSync = (...topics: string[]): Promise<boolean> =>
  vi.waitUntil(
    () =>
      withAdmin(async (admin) => {
        const partitions = await Promise.all(topics.map((topic) => partitionsOf(admin, topic)))
        return partitions.flat().every(({ isr, leader }) => isr.length === BROKERS && leader > 0)
      }).catch(() => false),
    { interval: 200, timeout: 60_000 },
  )

describe.skipIf(kafka === undefined)('where one of three brokers is killed', () => {
  test(
    'that leads a partition, and then the one that coordinates a group, nothing acknowledged is lost or doubled, and consumers go on',
    { timeout: 150_000 },
    async () => {
      const { bus, notices } = openKafkaBus(kafka!)
      const topic = await madeTopic(bus, { partitions: 3 })
      const group = newGroup()
      const { handle, messages, reached } = collector()
      const consumer = bus.consume({ group, topics: [topic], handle })
      const publisher = await bus.openPublisher()
      const acknowledged: BusMessage[] = []
      const publishRounds = async (): Promise<void> => {
        for (let round = 0; round < ROUNDS_EACH; round++) {
          const from = acknowledged.length / KEYS.length
          const batch = KEYS.flatMap((key) => numbered(key, 1, from))
          await insist(publisher, [{ topic, messages: batch }])
          acknowledged.push(...batch)
        }
      }
      const seenAll = async (): Promise<void> => {
        const distinct = (): number => new Set(valuesOf(messages)).size
        for (let count = acknowledged.length; distinct() < acknowledged.length; count++) await reached(count)
      }

      await publishRounds()
      await seenAll()
      const leader = await leaderOf(topic, 0)
      await kafka!.brokers[leader - 1]!.kill()
      await publishRounds()
      await seenAll()
      expect(await leaderOf(topic, 0)).not.toBe(leader)
      await kafka!.brokers[leader - 1]!.start()
      await allInSync(topic, '__consumer_offsets')

      const coordinator = await coordinatorOf(group)
      await kafka!.brokers[coordinator - 1]!.kill()
      await publishRounds()
      await seenAll()
      expect(await coordinatorOf(group)).not.toBe(coordinator)

      const stored = byKey(await readAll(bus, topic))
      expect(stored).toEqual(Object.fromEntries(KEYS.map((key) => [key, valuesOf(numbered(key, 3 * ROUNDS_EACH))])))
      expect(notices.every(({ type }) => type === 'consumerRebuilt')).toBe(true)
      await consumer.close()
      await publisher.close()
      await bus.close()
    },
  )
})
