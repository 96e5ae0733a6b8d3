import type { Clock } from '../../clock.ts'
import { sha256 } from '../../hash.ts'
import {
  messageTooLarge,
  noTopic,
  type BusMessage,
  type DeliveredMessage,
  type PartitionRange,
  type TopicMessages,
  type TopicSpec,
} from '../bus.ts'
import { messageBytes } from '../message-bytes.ts'

interface Partition {
  messages: DeliveredMessage[]
  end: number
}

interface Topic {
  readonly spec: TopicSpec
  readonly partitions: readonly Partition[]
}

/** The messages of a bus in memory. */
export interface MemoryTopics {
  ensure(spec: TopicSpec): void
  /** All or nothing. Throws `InvalidConfiguration` and `TooLarge`. */
  publish(topics: readonly TopicMessages[]): void
  /** Messages from an offset on, at most `limit`. */
  from(topic: string, partition: number, offset: number, limit: number): readonly DeliveredMessage[]
  ranges(topic: string): readonly PartitionRange[]
  /** Resolves with the next change, whatever it is. */
  changed(): Promise<void>
  ring(): void
}

export const memoryTopics = (clock: Clock): MemoryTopics => {
  const topics = new Map<string, Topic>()
  let bell = Promise.withResolvers<undefined>()

  const find = (name: string): Topic => {
    const topic = topics.get(name)
    if (topic === undefined) throw noTopic(name)
    return topic
  }
  const ring = (): void => {
    bell.resolve(undefined)
    bell = Promise.withResolvers()
  }

  return {
    ensure(spec) {
      if (topics.has(spec.topic)) return
      topics.set(spec.topic, { spec, partitions: Array.from({ length: spec.partitions }, () => ({ messages: [], end: 0 })) })
    },
    publish(batches) {
      for (const { topic, messages } of batches) for (const message of messages) checkSize(find(topic).spec, message)
      for (const { topic, messages } of batches) for (const message of messages) add(find(topic), message, clock.now())
      ring()
    },
    from(topic, partition, offset, limit) {
      const messages = find(topic).partitions[partition]?.messages ?? []
      const first = messages.findIndex((message) => message.offset >= offset)
      return first < 0 ? [] : messages.slice(first, first + limit)
    },
    ranges: (topic) =>
      find(topic).partitions.map(({ messages, end }, partition) => ({ partition, begin: messages[0]?.offset ?? end, end })),
    changed: () => bell.promise,
    ring,
  }
}

const checkSize = ({ topic, maxMessageBytes }: TopicSpec, message: BusMessage): void => {
  const bytes = messageBytes(message)
  if (bytes > maxMessageBytes) throw messageTooLarge(topic, bytes)
}

const add = ({ spec, partitions }: Topic, message: BusMessage, now: number): void => {
  const number = Number.parseInt(sha256(message.key).slice(0, 8), 16) % partitions.length
  const partition = partitions[number]
  if (partition === undefined) return
  const { keeps } = spec
  partition.messages = partition.messages.filter((old) => (keeps === 'newestOfKey' ? old.key !== message.key : old.storedAt > now - keeps))
  partition.messages.push({ ...message, topic: spec.topic, partition: number, offset: partition.end, storedAt: now })
  partition.end += 1
}
