import { describe, expect, test } from 'vitest'
import type { Bus } from '../../src/bus/bus.ts'
import { byKey, madeTopic, newMessage, newTopic, numbered, publish, readAll, rejection, valuesOf } from './bus-cases.ts'

const keyIn = async (bus: Bus, topic: string, partition: number): Promise<string> =>
  (await readAll(bus, topic)).find((message) => message.partition === partition)!.key

export const publishing = (bus: () => Bus): void => {
  describe('publishing', () => {
    test('gives back key, value and headers as they were', async () => {
      const topic = await madeTopic(bus())
      const messages = [
        newMessage('Schlüssel 😀', 'Grüße\n"\\\u0000', { ce_type: 'RunStarted', Köpfe: 'ü' }),
        newMessage('', '', { empty: '' }),
        newMessage('gone', null),
      ]
      const before = Date.now()
      await publish(bus(), topic, messages)
      const found = await readAll(bus(), topic)
      expect(found.map(({ key, value, headers }) => ({ key, value, headers }))).toEqual(messages)
      expect(found.every((message) => message.topic === topic && message.partition === 0)).toBe(true)
      expect(Math.abs(found[0]!.storedAt - before)).toBeLessThan(60_000)
    })
    test('keeps the order of each key, however many partitions there are', async () => {
      const topic = await madeTopic(bus(), { partitions: 5 })
      const keys = Array.from({ length: 20 }, (_, index) => `run-${index}`)
      const publisher = await bus().openPublisher()
      for (let round = 0; round < 5; round++) {
        await publisher.publish([{ topic, messages: keys.flatMap((key) => numbered(key, 2, round * 2)) }])
      }
      await publisher.close()
      const found = await readAll(bus(), topic)
      expect(byKey(found)).toEqual(Object.fromEntries(keys.map((key) => [key, valuesOf(numbered(key, 10))])))
      const offsets = Map.groupBy(found, ({ partition }) => partition)
      expect(offsets.size).toBeGreaterThan(1)
      for (const messages of offsets.values()) {
        expect(messages.every(({ offset }, index) => index === 0 || offset > messages[index - 1]!.offset)).toBe(true)
      }
    })
    test('takes calls that nobody waits for in the order in which they were made', async () => {
      const topic = await madeTopic(bus())
      const publisher = await bus().openPublisher()
      const messages = numbered('a', 50)
      await Promise.all(messages.map((message) => publisher.publish([{ topic, messages: [message] }])))
      await publisher.close()
      expect(valuesOf(await readAll(bus(), topic))).toEqual(valuesOf(messages))
    })
    test('to a topic that is not there is refused', async () => {
      const publisher = await bus().openPublisher()
      await rejection(publisher.publish([{ topic: newTopic().topic, messages: numbered('a', 1) }]), 'InvalidConfiguration')
      await publisher.close()
    })
    test('refuses a message that is too large, and goes on with the next', async () => {
      const topic = await madeTopic(bus(), { maxMessageBytes: 2_000 })
      const publisher = await bus().openPublisher()
      await rejection(publisher.publish([{ topic, messages: [newMessage('a', 'x'.repeat(3_000))] }]), 'TooLarge')
      await publisher.publish([{ topic, messages: numbered('a', 2) }])
      await publisher.close()
      expect(valuesOf(await readAll(bus(), topic))).toEqual(['a:0', 'a:1'])
    })
    test('loses nothing that follows a publication of which only a part was taken', async () => {
      const topic = await madeTopic(bus(), { partitions: 2, maxMessageBytes: 2_000 })
      await publish(
        bus(),
        topic,
        Array.from({ length: 20 }, (_, index) => newMessage(`key-${index}`)),
      )
      const [first, second] = [await keyIn(bus(), topic, 0), await keyIn(bus(), topic, 1)]
      for (const [taken, refused] of [
        [first, second],
        [second, first],
      ] as const) {
        const publisher = await bus().openPublisher()
        await publisher.publish([{ topic, messages: numbered(taken, 2) }])
        const partly = [...numbered(taken, 3, 2), newMessage(refused, 'x'.repeat(3_000))]
        await rejection(publisher.publish([{ topic, messages: partly }]), 'TooLarge')
        await publisher.publish([{ topic, messages: numbered(taken, 3, 5) }])
        await publisher.close()
        expect(valuesOf(await readAll(bus(), topic))).toEqual(expect.arrayContaining(valuesOf(numbered(taken, 3, 5))))
      }
    })
    test('nothing is publishing too', async () => {
      const topic = await madeTopic(bus())
      await publish(bus(), topic, [])
      expect(await readAll(bus(), topic)).toEqual([])
    })
    test('with a closed publisher is refused', async () => {
      const topic = await madeTopic(bus())
      const publisher = await bus().openPublisher()
      await publisher.close()
      await rejection(publisher.publish([{ topic, messages: numbered('a', 1) }]), 'Closed')
      await publisher.close()
    })
  })
}

export const topics = (bus: () => Bus): void => {
  describe('a topic', () => {
    test('that is there already is left as it is', async () => {
      const spec = newTopic({ partitions: 2 })
      await bus().ensureTopics([spec])
      await publish(bus(), spec.topic, numbered('a', 3))
      await bus().ensureTopics([{ ...spec, partitions: 7 }, newTopic()])
      expect(valuesOf(await readAll(bus(), spec.topic))).toEqual(['a:0', 'a:1', 'a:2'])
      expect(await bus().ranges(spec.topic)).toHaveLength(2)
    })
    test('tells where each partition begins and ends', async () => {
      const topic = await madeTopic(bus())
      expect(await bus().ranges(topic)).toEqual([{ partition: 0, begin: 0, end: 0 }])
      await publish(bus(), topic, numbered('a', 4))
      expect(await bus().ranges(topic)).toEqual([{ partition: 0, begin: 0, end: 4 }])
    })
    test('that keeps the newest of each key has it last', async () => {
      const topic = await madeTopic(bus(), { keeps: 'newestOfKey' })
      await publish(bus(), topic, [...numbered('a', 5), ...numbered('b', 2), ...numbered('a', 1, 5)])
      const newest = new Map((await readAll(bus(), topic)).map(({ key, value }) => [key, value]))
      expect(Object.fromEntries(newest)).toEqual({ a: 'a:5', b: 'b:1' })
    })
    test('that is not there cannot be read', async () => {
      await rejection(readAll(bus(), newTopic().topic), 'InvalidConfiguration')
      await rejection(bus().ranges(newTopic().topic), 'InvalidConfiguration')
    })
  })
}

export const transactions = (bus: () => Bus, another: () => Promise<Bus>): void => {
  describe('a transactional publisher', () => {
    test('publishes to several topics all or nothing', async () => {
      const [events, checkpoints] = [await madeTopic(bus(), { partitions: 3 }), await madeTopic(bus(), { maxMessageBytes: 2_000 })]
      const publisher = await bus().openPublisher({ transactionalId: `relay-${events}` })
      const first = [
        { topic: events, messages: [...numbered('a', 3), ...numbered('b', 3)] },
        { topic: checkpoints, messages: [newMessage('shard', '1')] },
      ]
      await publisher.publish(first)
      const tooLarge = [
        { topic: events, messages: numbered('a', 3, 3) },
        { topic: checkpoints, messages: [newMessage('shard', 'x'.repeat(3_000))] },
      ]
      await rejection(publisher.publish(tooLarge), 'TooLarge')
      await publisher.publish([{ topic: events, messages: numbered('a', 1, 6) }])
      await publisher.close()
      // Kafka answers before the mark that ends a transaction stands in each partition, up to which a reader sees.
      const readable = { timeout: 10_000 }
      await expect
        .poll(async () => byKey(await readAll(bus(), events)), readable)
        .toEqual({ a: ['a:0', 'a:1', 'a:2', 'a:6'], b: ['b:0', 'b:1', 'b:2'] })
      await expect.poll(async () => valuesOf(await readAll(bus(), checkpoints)), readable).toEqual(['1'])
    })
    test('is fenced off by the next of its id', async () => {
      const topic = await madeTopic(bus())
      const transactionalId = `relay-${topic}`
      const older = await bus().openPublisher({ transactionalId })
      await older.publish([{ topic, messages: numbered('older', 1) }])
      const newer = await (await another()).openPublisher({ transactionalId })
      await newer.publish([{ topic, messages: numbered('newer', 1) }])
      await rejection(older.publish([{ topic, messages: numbered('older', 1, 1) }]), 'BusFenced')
      await newer.publish([{ topic, messages: numbered('newer', 1, 1) }])
      await Promise.all([older.close(), newer.close()])
      await expect.poll(async () => valuesOf(await readAll(bus(), topic)), { timeout: 10_000 }).toEqual(['older:0', 'newer:0', 'newer:1'])
    })
  })
}
