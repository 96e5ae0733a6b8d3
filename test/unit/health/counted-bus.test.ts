import { describe, expect, test } from 'vitest'
import { countedBus } from '../../../src/health/counted-bus.ts'
import { openBusWorld } from '../consumers/bus-world.ts'

const messages = [1, 2, 3].map((each) => ({ key: `run-${each}`, value: '{}', headers: {} }))

describe('a counted bus', () => {
  test('counts what was acknowledged and what was handled, by topic', async () => {
    const { bus, topics } = await openBusWorld(1)
    const counted = countedBus(bus)
    const publisher = await counted.openPublisher()
    await publisher.publish([{ topic: topics.commands, messages }])
    await expect(publisher.publish([{ topic: 'no-such-topic', messages }])).rejects.toMatchObject({ code: 'InvalidConfiguration' })
    expect(counted.counts()).toEqual({ published: { [topics.commands]: 3 }, handled: {} })

    const handled = Promise.withResolvers<undefined>()
    const consumer = counted.consume({
      group: 'desk',
      topics: [topics.commands],
      handle: async ({ messages: batch }) => {
        if (batch.length === 3) handled.resolve(undefined)
        return undefined
      },
    })
    await handled.promise
    await consumer.close()
    expect(counted.counts().handled).toEqual({ [topics.commands]: 3 })
    await counted.close()
  })

  test('does not count a batch that is read again', async () => {
    const { bus, topics } = await openBusWorld(1)
    const counted = countedBus(bus)
    const publisher = await counted.openPublisher()
    await publisher.publish([{ topic: topics.commands, messages }])
    const offsets: number[] = []
    const over = Promise.withResolvers<undefined>()
    const consumer = counted.consume({
      group: 'desk',
      topics: [topics.commands],
      handle: async (batch) => {
        offsets.push(batch.messages[0]?.offset ?? -1)
        if (offsets.length === 1) return { restartAt: batch.messages[1]?.offset ?? 0 }
        over.resolve(undefined)
        return undefined
      },
    })
    await over.promise
    await consumer.close()
    expect(counted.counts().handled).toEqual({ [topics.commands]: 2 })
    await counted.close()
  })
})
