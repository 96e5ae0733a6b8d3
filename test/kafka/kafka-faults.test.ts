import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import type { KafkaBroker } from '../../servers/kafka/kafka-broker.ts'
import { SECURE_USER } from '../../servers/kafka/broker-settings.ts'
import { kafkaBus } from '../../src/bus/kafka/kafka-bus.ts'
import { kafkaClient } from '../../src/bus/kafka/client.ts'
import type { Bus, BusNotice } from '../../src/bus/bus.ts'
import { systemClock, type Clock } from '../../src/clock.ts'
import { byKey, collector, madeTopic, newGroup, numbered, publish, readAll, rejection, valuesOf } from '../conformance/bus-cases.ts'
import { forgetTopics, hangNextFetch, hangNextSend } from './hanging-client.ts'
import { insist } from './insist.ts'
import { openKafkaBus, ownKafka, SESSION_MS } from './test-kafka.ts'

const kafka = await ownKafka('Kafka faults')
const buses: Bus[] = []
afterAll(async () => {
  await Promise.all(buses.map((bus) => bus.close()))
  await kafka?.stop()
})

const open = (): ReturnType<typeof openKafkaBus> => {
  const opened = openKafkaBus(kafka!)
  buses.push(opened.bus)
  return opened
}

/** Whatever the product waits for comes five times as soon. */
const hastyClock: Clock = { now: () => Date.now(), setTimer: (delayMs, wake) => systemClock.setTimer(delayMs / 5, wake) }

const openHasty = (): Bus => {
  const bus = kafkaBus({ brokers: kafka!.address.split(','), clock: hastyClock, notify: () => undefined })
  buses.push(bus)
  return bus
}

describe.skipIf(kafka === undefined)('a client of Kafka that hangs', () => {
  test('is replaced by one that reads the topic', { timeout: 60_000 }, async () => {
    const bus = openHasty()
    const topic = await madeTopic(bus)
    await publish(bus, topic, numbered('a', 3))
    const { hung } = hangNextFetch()
    const reading = readAll(bus, topic)
    await hung
    expect(valuesOf(await reading)).toEqual(valuesOf(numbered('a', 3)))
  })

  test('is replaced by one that publishes what it was given', { timeout: 60_000 }, async () => {
    const bus = openHasty()
    const topic = await madeTopic(bus)
    const publisher = await bus.openPublisher()
    hangNextSend()
    const messages = [{ topic, messages: numbered('a', 3) }]
    await rejection(publisher.publish(messages), 'BusUnavailable')
    await publisher.publish(messages)
    await publisher.publish([{ topic, messages: numbered('a', 2, 3) }])
    await publisher.close()
    expect(valuesOf(await readAll(bus, topic))).toEqual(valuesOf(numbered('a', 5)))
  })
})

const SEGMENT_MS = 100

/** Each batch of ten messages has a segment of its own, which is compacted as soon as it is closed. */
const compactedTopic = async (address: string): Promise<string> => {
  const topic = `compacted-${newGroup()}`
  const admin = kafkaClient({ brokers: address.split(','), clock: systemClock, notify: () => undefined }).admin()
  await admin.connect()
  const configEntries = Object.entries({
    'cleanup.policy': 'compact',
    'segment.bytes': '500',
    'segment.ms': String(SEGMENT_MS),
    'min.cleanable.dirty.ratio': '0.0001',
  }).map(([name, value]) => ({ name, value }))
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] })
  await admin.disconnect()
  return topic
}

describe.skipIf(kafka === undefined)('a topic that keeps the newest message of each key', () => {
  test('is read to its end, over batches of which compaction has left no message', { timeout: 60_000 }, async () => {
    const { bus } = open()
    const topic = await compactedTopic(kafka!.address)
    for (let publisher = 0; publisher < 3; publisher++) {
      await publish(bus, topic, numbered('relay', 10, publisher * 10))
      await delay(2 * SEGMENT_MS)
    }
    await publish(bus, topic, numbered('relay', 1, 30))
    let found: (string | null)[]
    do {
      await delay(SEGMENT_MS)
      found = valuesOf(await readAll(bus, topic))
      expect(found.at(-1)).toBe('relay:30')
    } while (found.length > 2)
    expect(found).toEqual(['relay:29', 'relay:30'])
  })
})

describe.skipIf(kafka === undefined)('a consumer on Kafka', () => {
  test('whose client hangs is replaced, and gets everything', { timeout: 60_000 }, async () => {
    const notices: BusNotice[] = []
    const bus = kafkaBus({
      brokers: [kafka!.address],
      sessionTimeoutMs: SESSION_MS,
      clock: hastyClock,
      notify: (notice) => notices.push(notice),
    })
    buses.push(bus)
    const topic = await madeTopic(bus)
    const group = newGroup()
    await publish(bus, topic, numbered('a', 3))
    const { hung } = hangNextFetch()
    const { handle, reached } = collector()
    const consumer = bus.consume({ group, topics: [topic], handle })
    await hung
    expect(valuesOf(await reached(3))).toEqual(valuesOf(numbered('a', 3)))
    // A broker that has just begun may refuse the group at first, which is told too.
    expect(notices).toContainEqual({ type: 'consumerRebuilt', group, message: 'it stood still while its topic went on' })
    await consumer.close()
  })

  test('whose handler takes longer than a session keeps its partition', { timeout: 60_000 }, async () => {
    const { bus, notices } = open()
    const topic = await madeTopic(bus)
    const group = newGroup()
    await publish(bus, topic, numbered('a', 1))
    const begun = Promise.withResolvers<undefined>()
    const first = collector(async ({ messages: [message] }) => {
      begun.resolve(undefined)
      if (message?.value === 'a:0') await delay(SESSION_MS + 2_000)
      return undefined
    })
    const second = collector()
    const consumers = [bus.consume({ group, topics: [topic], handle: first.handle })]
    await begun.promise
    consumers.push(bus.consume({ group, topics: [topic], handle: second.handle }))
    await first.reached(1)
    expect(second.messages).toEqual([])
    await publish(bus, topic, numbered('a', 1, 1))
    await Promise.race([first.reached(2), second.reached(1)])
    expect(valuesOf([...first.messages, ...second.messages])).toEqual(['a:0', 'a:1'])
    expect(notices).toEqual([])
    await Promise.all(consumers.map((consumer) => consumer.close()))
  })
})

describe.skipIf(kafka === undefined)('a publisher on Kafka', () => {
  test('goes on where a broker does not know a topic yet that is there', { timeout: 30_000 }, async () => {
    const { bus } = open()
    const topic = await madeTopic(bus)
    const publisher = await bus.openPublisher()
    const published = [{ topic, messages: numbered('a', 2) }]
    const remember = forgetTopics()
    try {
      await rejection(publisher.publish(published), 'BusUnavailable')
    } finally {
      remember()
    }
    await publisher.publish(published)
    await publisher.close()
    expect(valuesOf(await readAll(bus, topic))).toEqual(['a:0', 'a:1'])
  })
})

describe.skipIf(kafka === undefined)('a broker behind TLS and a password', () => {
  const openSecure = (password: string): Bus => {
    const { address, ca } = kafka!.secure
    const bus = kafkaBus({
      brokers: [address],
      ssl: { ca },
      sasl: { mechanism: 'plain', username: SECURE_USER.username, password },
      clock: systemClock,
      notify: () => undefined,
    })
    buses.push(bus)
    return bus
  }

  test('serves whom it knows', { timeout: 30_000 }, async () => {
    const bus = openSecure(SECURE_USER.password)
    const topic = await madeTopic(bus)
    await publish(bus, topic, numbered('a', 3))
    const { handle, reached } = collector()
    const consumer = bus.consume({ group: newGroup(), topics: [topic], handle })
    expect(valuesOf(await reached(3))).toEqual(valuesOf(numbered('a', 3)))
    await consumer.close()
  })

  test('is a matter of configuration for whom it does not know', { timeout: 30_000 }, async () => {
    await rejection(openSecure('wrong').openPublisher(), 'InvalidConfiguration')
  })
})

describe.skipIf(kafka === undefined)('a broker that goes away and comes back', () => {
  const rounds = 200
  const troubleAt = 60

  test.each([
    ['is killed', () => kafka!.kill().then(() => kafka!.start())],
    ['is stopped by an operator', () => kafka!.brokers[0]!.terminate().then(() => kafka!.start())],
    ['hangs for longer than a session', () => hang(kafka!.brokers[0]!)],
  ])('%s: nothing acknowledged is lost, nothing is doubled in the topic, and consumers go on', { timeout: 90_000 }, async (_, trouble) => {
    const { bus, notices } = open()
    const topic = await madeTopic(bus, { partitions: 4 })
    const { handle, messages, reached } = collector()
    const group = newGroup()
    const consumer = bus.consume({ group, topics: [topic], handle })
    const keys = Array.from({ length: 10 }, (_key, index) => `run-${index}`)
    const publisher = await bus.openPublisher()
    let over: Promise<void> | undefined
    for (let round = 0; round < rounds; round++) {
      await insist(publisher, [{ topic, messages: keys.flatMap((key) => numbered(key, 2, round * 2)) }])
      if (round === troubleAt) over = trouble()
    }
    await over
    await publisher.close()
    const expected = Object.fromEntries(keys.map((key) => [key, valuesOf(numbered(key, rounds * 2))]))
    expect(byKey(await readAll(bus, topic))).toEqual(expected)
    const all = Object.values(expected).flat()
    const seen = (): Set<string | null> => new Set(valuesOf(messages))
    for (let count = all.length; seen().size < all.length; count++) await reached(count)
    expect([...seen()].sort()).toEqual(all.sort())
    expect(notices.every(({ type }) => type === 'consumerRebuilt')).toBe(true)
    await consumer.close()
  })
})

const hang = async (broker: KafkaBroker): Promise<void> => {
  broker.freeze()
  await delay(SESSION_MS + 2_000)
  broker.thaw()
}
