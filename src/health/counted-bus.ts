import type { Bus, ConsumeOptions } from '../bus/bus.ts'

/** What went over a bus, by topic, since it was opened. */
export interface BusCounts {
  /** Acknowledged. */
  readonly published: Readonly<Record<string, number>>
  /** Of batches that were handled; one that is delivered again counts again. */
  readonly handled: Readonly<Record<string, number>>
}

export interface CountedBus extends Bus {
  readonly counts: () => BusCounts
}

/** The same bus, counting. */
export const countedBus = (bus: Bus): CountedBus => {
  const published: Record<string, number> = {}
  const handled: Record<string, number> = {}
  const add = (counts: Record<string, number>, topic: string, messages: number): void => {
    counts[topic] = (counts[topic] ?? 0) + messages
  }
  const handling =
    ({ handle }: ConsumeOptions): ConsumeOptions['handle'] =>
    async (batch) => {
      const restart = await handle(batch)
      if (restart === undefined) add(handled, batch.topic, batch.messages.length)
      return restart
    }
  return {
    ...bus,
    async openPublisher(options) {
      const publisher = await bus.openPublisher(options)
      return {
        async publish(topics) {
          await publisher.publish(topics)
          for (const { topic, messages } of topics) add(published, topic, messages.length)
        },
        close: () => publisher.close(),
      }
    },
    consume: (options) => bus.consume({ ...options, handle: handling(options) }),
    counts: () => ({ published: { ...published }, handled: { ...handled } }),
  }
}
