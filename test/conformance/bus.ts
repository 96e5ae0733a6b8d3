import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collector, madeTopic, newGroup, newTopic, numbered, readAll, rejection, type BusUnderTest, type OpenBus } from './bus-cases.ts'
import { consuming, failures, offsets, operating } from './bus-consuming.ts'
import { publishing, topics, transactions } from './bus-publishing.ts'

/** What every bus keeps. */
export const busConformance = (name: string, open: OpenBus): void => {
  describe(`the ${name} bus`, () => {
    let opened: BusUnderTest
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened.dispose())
    const bus = (): BusUnderTest['bus'] => opened.bus
    const another = (): Promise<BusUnderTest['bus']> => opened.another()

    publishing(bus)
    topics(bus)
    transactions(bus, another)
    consuming(bus, another)
    offsets(bus)
    failures(bus, () => opened.notices)
    operating(bus)
    closing(open)
  })
}

const closing = (open: OpenBus): void => {
  describe('closing', () => {
    test('ends its consumers and publishers, and refuses every call', async () => {
      const opened = await open()
      const { bus } = opened
      const topic = await madeTopic(bus)
      const publisher = await bus.openPublisher()
      const { handle, messages, reached } = collector()
      bus.consume({ group: newGroup(), topics: [topic], handle })
      await publisher.publish([{ topic, messages: numbered('a', 2) }])
      await reached(2)
      await bus.close()
      await rejection(publisher.publish([{ topic, messages: numbered('a', 1) }]), 'Closed')
      await rejection(bus.ensureTopics([newTopic()]), 'Closed')
      await rejection(bus.openPublisher(), 'Closed')
      await rejection(readAll(bus, topic), 'Closed')
      await rejection(bus.ranges(topic), 'Closed')
      await rejection(bus.lag(newGroup(), topic), 'Closed')
      expect(() => bus.consume({ group: newGroup(), topics: [topic], handle })).toThrow(/closed/)
      expect(messages).toHaveLength(2)
      await bus.close()
      await opened.dispose()
    })
  })
}
