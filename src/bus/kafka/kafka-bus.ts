import { busClosed, type Bus, type BusConsumer, type Publisher } from '../bus.ts'
import { kafkaAdmin } from './admin.ts'
import type { KafkaOptions } from './client.ts'
import { kafkaConsumer } from './consumer.ts'
import { kafkaPublisher } from './publisher.ts'
import { readKafkaTopic } from './reader.ts'

/** Kafka 3.9 and 4.1, through kafkajs. Connects when it is first used. */
export const kafkaBus = (options: KafkaOptions): Bus => {
  const admin = kafkaAdmin(options)
  const open = new Set<Pick<Publisher | BusConsumer, 'close'>>()
  let isClosed = false
  const checkOpen = (): void => {
    if (isClosed) throw busClosed()
  }

  return {
    async ensureTopics(specs) {
      checkOpen()
      await admin.ensureTopics(specs)
    },
    async openPublisher({ transactionalId } = {}) {
      checkOpen()
      const publisher = await kafkaPublisher(options, admin, transactionalId)
      open.add(publisher)
      return {
        publish: (topics) => publisher.publish(topics),
        close: () => {
          open.delete(publisher)
          return publisher.close()
        },
      }
    },
    consume(consuming) {
      checkOpen()
      const consumer = kafkaConsumer(options, admin, consuming)
      open.add(consumer)
      return {
        ...consumer,
        close: () => {
          open.delete(consumer)
          return consumer.close()
        },
      }
    },
    async *read(topic) {
      checkOpen()
      yield* readKafkaTopic(options, admin, topic)
    },
    async ranges(topic) {
      checkOpen()
      return admin.ranges(topic)
    },
    async lag(group, topic) {
      checkOpen()
      const committed = await admin.committed(group, topic)
      const ranges = await admin.ranges(topic)
      const behind = ranges.map(({ partition, begin, end }) => end - Math.max(begin, committed.get(partition) ?? begin))
      return behind.reduce((sum, messages) => sum + messages, 0)
    },
    async close() {
      isClosed = true
      await Promise.all([...open].map((one) => one.close()))
      await admin.close()
    },
  }
}
