import { describe, expect, test, vi } from 'vitest'
import type { Bus, BusNotice } from '../../src/bus/bus.ts'
import { byKey, collector, madeTopic, newGroup, numbered, publish, valuesOf } from './bus-cases.ts'

export const consuming = (bus: () => Bus, another: () => Promise<Bus>): void => {
  describe('a group of consumers', () => {
    test('gets what was there before it and what comes later, and each group gets all of it', async () => {
      const topic = await madeTopic(bus(), { partitions: 3 })
      await publish(bus(), topic, [...numbered('a', 5), ...numbered('b', 5)])
      const all = [collector(), collector()]
      const consumers = all.map(({ handle }) => bus().consume({ group: newGroup(), topics: [topic], handle }))
      await Promise.all(all.map((one) => one.reached(10)))
      await publish(bus(), topic, numbered('a', 5, 5))
      await Promise.all(all.map((one) => one.reached(15)))
      for (const { messages } of all) expect(byKey(messages)).toEqual({ a: valuesOf(numbered('a', 10)), b: valuesOf(numbered('b', 5)) })
      await Promise.all(consumers.map((consumer) => consumer.close()))
    })
    test('goes on where it stood when it was closed', async () => {
      const topic = await madeTopic(bus())
      const group = newGroup()
      await publish(bus(), topic, numbered('a', 10))
      const first = collector()
      const consumer = bus().consume({ group, topics: [topic], handle: first.handle })
      await first.reached(10)
      await consumer.close()
      await publish(bus(), topic, numbered('a', 3, 10))
      const second = collector()
      const next = (await another()).consume({ group, topics: [topic], handle: second.handle })
      expect(valuesOf(await second.reached(3))).toEqual(['a:10', 'a:11', 'a:12'])
      await next.close()
    })
    test('shares its partitions, and whoever stays takes over those of one who leaves', async () => {
      const topic = await madeTopic(bus(), { partitions: 4 })
      const group = newGroup()
      const keys = Array.from({ length: 12 }, (_, index) => `run-${index}`)
      const [one, other] = [collector(), collector()]
      const first = bus().consume({ group, topics: [topic], handle: one.handle })
      const second = (await another()).consume({ group, topics: [topic], handle: other.handle })
      let round = 0
      // Who gets which partition settles while messages come.
      while (one.messages.length === 0 || other.messages.length === 0) {
        await publish(
          bus(),
          topic,
          keys.flatMap((key) => numbered(key, 1, round)),
        )
        round += 1
      }
      await second.close()
      const left = other.messages.length
      await publish(
        bus(),
        topic,
        keys.flatMap((key) => numbered(key, 1, round)),
      )
      const distinct = (): number => new Set([...one.messages, ...other.messages].map(({ value }) => value)).size
      for (let count = one.messages.length; distinct() < keys.length * (round + 1); count++) await one.reached(count)
      expect(other.messages).toHaveLength(left)
      await first.close()
    })
  })
}

export const offsets = (bus: () => Bus): void => {
  describe('a consumer that keeps its own offsets', () => {
    test('begins where it says, before or behind where its group stands', async () => {
      const topic = await madeTopic(bus())
      const group = newGroup()
      await publish(bus(), topic, numbered('a', 10))
      for (const [startAt, expected] of [
        [7, ['a:7', 'a:8', 'a:9']],
        [2, ['a:2', 'a:3', 'a:4', 'a:5', 'a:6', 'a:7', 'a:8', 'a:9']],
      ] as const) {
        const { handle, reached } = collector()
        const consumer = bus().consume({ group, topics: [topic], startAt: () => Promise.resolve(startAt), handle })
        expect(valuesOf(await reached(expected.length))).toEqual(expected)
        await consumer.close()
      }
    })
    test('counts as handled what lies before, also where nothing comes', async () => {
      const topic = await madeTopic(bus())
      const group = newGroup()
      await publish(bus(), topic, numbered('a', 10))
      const consumer = bus().consume({ group, topics: [topic], startAt: () => Promise.resolve(10), handle: collector().handle })
      await vi.waitUntil(async () => (await bus().lag(group, topic)) === 0, { timeout: 9_000 })
      await consumer.close()
    })
    test('asks again where the answer fails', async () => {
      const topic = await madeTopic(bus())
      await publish(bus(), topic, numbered('a', 3))
      let asked = 0
      const startAt = (): Promise<number> => (++asked < 2 ? Promise.reject(new Error('the view is busy')) : Promise.resolve(1))
      const { handle, reached } = collector()
      const consumer = bus().consume({ group: newGroup(), topics: [topic], startAt, handle })
      expect(valuesOf(await reached(2))).toEqual(['a:1', 'a:2'])
      await consumer.close()
    })
    test('goes back, or ahead, where it asks for it', async () => {
      const topic = await madeTopic(bus())
      await publish(bus(), topic, numbered('a', 4))
      const restarts = [1, 3]
      const seen: number[][] = []
      const { handle, reached } = collector(({ messages }) => {
        seen.push(messages.map(({ offset }) => offset))
        const restartAt = restarts.shift()
        return Promise.resolve(restartAt === undefined ? undefined : { restartAt })
      })
      const consumer = bus().consume({ group: newGroup(), topics: [topic], handle })
      await reached(1)
      expect(seen.map(([first]) => first)).toEqual([0, 1, 3])
      await consumer.close()
    })
  })
}

export const failures = (bus: () => Bus, notices: () => readonly BusNotice[]): void => {
  describe('a handler that fails', () => {
    test('gets the same batch again before anything behind it, and other partitions go on', async () => {
      const topic = await madeTopic(bus(), { partitions: 6 })
      const group = newGroup()
      await publish(bus(), topic, [...numbered('good', 3), ...numbered('bad', 3), ...numbered('fine', 3), ...numbered('other', 3)])
      let left = 2
      const { handle, reached } = collector(({ messages }) => {
        if (!messages.some(({ key }) => key === 'bad') || left-- === 0) return Promise.resolve(undefined)
        return Promise.reject(new Error('not now'))
      })
      const consumer = bus().consume({ group, topics: [topic], handle })
      const found = await reached(12)
      expect(byKey(found)).toMatchObject({ bad: ['bad:0', 'bad:1', 'bad:2'], good: ['good:0', 'good:1', 'good:2'] })
      expect(notices().filter((notice) => notice.type === 'batchFailed' && notice.group === group)).toMatchObject([
        { topic, message: 'not now' },
        { topic, message: 'not now' },
      ])
      await consumer.close()
    })
    test('is left in peace when the consumer is closed, and the next one gets its batch', async () => {
      const topic = await madeTopic(bus())
      const group = newGroup()
      await publish(bus(), topic, numbered('a', 2))
      const failed = Promise.withResolvers<undefined>()
      const consumer = bus().consume({
        group,
        topics: [topic],
        handle: () => {
          failed.resolve(undefined)
          return Promise.reject(new Error('for ever'))
        },
      })
      await failed.promise
      await consumer.close()
      const { handle, reached } = collector()
      const next = bus().consume({ group, topics: [topic], handle })
      expect(valuesOf(await reached(2))).toEqual(['a:0', 'a:1'])
      await next.close()
    })
  })
}

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', resolve)
    if (signal.aborted) resolve(undefined)
  })

export const operating = (bus: () => Bus): void => {
  describe('an operator', () => {
    test('pauses and resumes a consumer', async () => {
      const topic = await madeTopic(bus())
      const group = newGroup()
      const { handle, messages, reached } = collector()
      const consumer = bus().consume({ group, topics: [topic], handle })
      await publish(bus(), topic, numbered('a', 2))
      await reached(2)
      consumer.pause()
      await publish(bus(), topic, numbered('a', 3, 2))
      // Another group shows that the messages have come through.
      const witness = collector()
      const other = bus().consume({ group: newGroup(), topics: [topic], handle: witness.handle })
      await witness.reached(5)
      expect(messages).toHaveLength(2)
      expect(await bus().lag(group, topic)).toBe(3)
      consumer.resume()
      expect(valuesOf(await reached(5))).toEqual(valuesOf(numbered('a', 5)))
      await Promise.all([consumer.close(), other.close()])
    })
    test('sees how far a group is behind, also where it never began', async () => {
      const topic = await madeTopic(bus(), { partitions: 3 })
      const group = newGroup()
      await publish(bus(), topic, [...numbered('a', 4), ...numbered('b', 3)])
      expect(await bus().lag(group, topic)).toBe(7)
      const { handle, reached } = collector()
      const consumer = bus().consume({ group, topics: [topic], handle })
      await reached(7)
      await consumer.close()
      expect(await bus().lag(group, topic)).toBe(0)
    })
    test('closes a consumer, which finishes the batch under way and takes no other', async () => {
      const topic = await madeTopic(bus())
      const group = newGroup()
      await publish(bus(), topic, numbered('a', 1))
      const begun = Promise.withResolvers<AbortSignal>()
      const gate = Promise.withResolvers<undefined>()
      const { handle, messages } = collector(async ({ signal }) => {
        begun.resolve(signal)
        return gate.promise
      })
      const consumer = bus().consume({ group, topics: [topic], handle })
      const signal = await begun.promise
      const closing = consumer.close()
      await aborted(signal)
      expect(messages).toHaveLength(0)
      gate.resolve(undefined)
      await closing
      expect(valuesOf(messages)).toEqual(['a:0'])
      expect(await bus().lag(group, topic)).toBe(0)
    })
  })
}
