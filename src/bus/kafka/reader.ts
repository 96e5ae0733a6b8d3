import { randomUUID } from 'node:crypto'
import type { Consumer, EachBatchPayload } from 'kafkajs'
import { isAppError } from '../../errors.ts'
import { backoffMs, pauseFor } from '../backoff.ts'
import type { DeliveredMessage } from '../bus.ts'
import type { KafkaAdmin } from './admin.ts'
import { farewell, timeLimit } from './time-limits.ts'
import { kafkaClient, RETRY, type KafkaOptions } from './client.ts'
import { asBusCall } from './errors.ts'
import { fromKafka } from './message.ts'

/** A broker that has just begun answers nobody's group for some seconds. */
const MOST_TRIES = 6

/** Reads a topic up to where it ends now, through a group of its own that is gone afterwards. */
export async function* readKafkaTopic(options: KafkaOptions, admin: KafkaAdmin, topic: string): AsyncGenerator<DeliveredMessage> {
  const ends = new Map<number, number>()
  for (const { partition, begin, end } of await admin.ranges(topic)) if (end > begin) ends.set(partition, end)
  if (ends.size > 0) yield* await readRepeatedly(options, admin, topic, ends)
}

const readRepeatedly = async (
  options: KafkaOptions,
  admin: KafkaAdmin,
  topic: string,
  ends: ReadonlyMap<number, number>,
): Promise<DeliveredMessage[]> => {
  for (let tries = 1; ; tries++) {
    try {
      return await readOnce(options, admin, topic, new Map(ends))
    } catch (error) {
      if (!isAppError(error, 'BusUnavailable') || tries === MOST_TRIES) throw error
      await pauseFor(options.clock, backoffMs(tries), new AbortController().signal)
    }
  }
}

const readOnce = async (
  options: KafkaOptions,
  admin: KafkaAdmin,
  topic: string,
  ends: Map<number, number>,
): Promise<DeliveredMessage[]> => {
  const group = `refold.reader.${randomUUID()}`
  const consumer = kafkaClient(options).consumer({
    groupId: group,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: 100,
    retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) },
  })
  const what = `read the topic ${topic}`
  const limit = timeLimit(options.clock, what)
  try {
    return await asBusCall({ what }, () => Promise.race([readTo(consumer, topic, ends, limit.begin), limit.up]))
  } finally {
    limit.end()
    await farewell(options.clock, consumer.disconnect())
    // It would go by itself after some days.
    await admin.forgetGroup(group).catch(() => undefined)
  }
}

const readTo = async (consumer: Consumer, topic: string, ends: Map<number, number>, goesOn: () => void): Promise<DeliveredMessage[]> => {
  const found: DeliveredMessage[] = []
  const done = Promise.withResolvers<undefined>()
  // A crash may come before anybody waits.
  done.promise.catch(() => undefined)
  const reached = (partition: number, next: number): void => {
    goesOn()
    if (next >= (ends.get(partition) ?? Infinity)) ends.delete(partition)
    if (ends.size === 0) done.resolve(undefined)
  }
  consumer.on('consumer.crash', ({ payload }) => {
    done.reject(payload.error)
  })
  // The end of a transaction is a record without a message: nobody is handed the batch, if there is nothing else in it.
  consumer.on('consumer.end_batch_process', ({ payload }) => {
    if (payload.batchSize === 0) reached(payload.partition, Number(payload.lastOffset) + 1)
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: ({ batch }: EachBatchPayload) => {
      const end = ends.get(batch.partition) ?? 0
      for (const message of batch.messages) if (Number(message.offset) < end) found.push(fromKafka(topic, batch.partition, message))
      reached(batch.partition, Number(batch.lastOffset()) + 1)
      return Promise.resolve()
    },
  })
  await done.promise
  return found
}
