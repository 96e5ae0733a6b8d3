import type { Admin, ITopicConfig } from 'kafkajs'
import { AppError, isAppError } from '../../errors.ts'
import { backoffMs, pauseFor } from '../backoff.ts'
import { noTopic, type PartitionRange, type TopicSpec } from '../bus.ts'
import { inTime } from './time-limits.ts'
import { kafkaClient, type KafkaOptions } from './client.ts'
import { asBusCall, type KafkaCall } from './errors.ts'

/** What is asked of the brokers beside messages. Every call ends, if need be with `BusUnavailable`. */
export interface KafkaAdmin {
  ensureTopics(specs: readonly TopicSpec[]): Promise<void>
  isThere(topic: string): Promise<boolean>
  ranges(topic: string): Promise<readonly PartitionRange[]>
  /** Offsets that a group has committed, by partition. */
  committed(group: string, topic: string): Promise<ReadonlyMap<number, number>>
  /** Takes back a group that has no members. */
  forgetGroup(group: string): Promise<void>
  close(): Promise<void>
}

const MOST_TRIES = 4

export const kafkaAdmin = (options: KafkaOptions): KafkaAdmin => {
  let connected: Promise<Admin> | undefined

  const connect = async (): Promise<Admin> => {
    const admin = kafkaClient(options).admin()
    await admin.connect()
    return admin
  }
  const drop = async (): Promise<void> => {
    const dropped = connected
    connected = undefined
    await dropped?.then((admin) => admin.disconnect()).catch(() => undefined)
  }
  const askOnce = <Result>(call: KafkaCall, work: (admin: Admin) => Promise<Result>): Promise<Result> =>
    asBusCall(call, async () => {
      try {
        connected ??= connect()
        return await inTime(options.clock, call.what, connected.then(work))
      } catch (error) {
        // A connection that failed once is not asked again: what it knows of leaders may be out of date.
        void drop()
        throw error
      }
    })
  const ask = async <Result>(call: KafkaCall, work: (admin: Admin) => Promise<Result>): Promise<Result> => {
    for (let tries = 1; ; tries++) {
      try {
        return await askOnce(call, work)
      } catch (error) {
        if (!isAppError(error, 'BusUnavailable') || tries === MOST_TRIES) throw error
        await pauseFor(options.clock, backoffMs(tries), NEVER)
      }
    }
  }

  return {
    ensureTopics: (specs) => ask({ what: 'make topics' }, (admin) => ensureTopics(options, admin, specs)),
    isThere: (topic) => ask({ what: 'list the topics' }, async (admin) => (await admin.listTopics()).includes(topic)),
    ranges: (topic) =>
      ask({ what: `look at the topic ${topic}` }, async (admin) => {
        await requireTopic(admin, topic)
        const ranges = await admin.fetchTopicOffsets(topic)
        return ranges
          .map(({ partition, low, high }) => ({ partition, begin: Number(low), end: Number(high) }))
          .sort((a, b) => a.partition - b.partition)
      }),
    committed: (group, topic) =>
      ask({ what: `look at the group ${group}` }, async (admin) => {
        await requireTopic(admin, topic)
        const found = await admin.fetchOffsets({ groupId: group, topics: [topic] })
        const partitions = found.flatMap((one) => one.partitions).filter(({ offset }) => Number(offset) >= 0)
        return new Map(partitions.map(({ partition, offset }) => [partition, Number(offset)]))
      }),
    forgetGroup: (group) =>
      ask({ what: `forget the group ${group}` }, async (admin) => {
        await admin.deleteGroups([group])
      }),
    close: drop,
  }
}

/** Asking for the metadata of a topic would make it, where the broker makes topics by itself. */
const requireTopic = async (admin: Admin, topic: string): Promise<void> => {
  if (!(await admin.listTopics()).includes(topic)) throw noTopic(topic)
}

const ensureTopics = async (options: KafkaOptions, admin: Admin, specs: readonly TopicSpec[]): Promise<void> => {
  const present = await admin.listTopics()
  const missing = specs.filter(({ topic }) => !present.includes(topic))
  if (missing.length === 0) return
  // Where several brokers are asked for leaders at once, this client takes their first "not yet" for an error: look for them below.
  await admin.createTopics({ waitForLeaders: false, topics: missing.map((spec) => topicConfig(options, spec)) })
  await leadersOf(
    options,
    admin,
    missing.map(({ topic }) => topic),
  )
}

const LEADER_LOOKS = 100
const LEADER_LOOK_MS = 50

const leadersOf = async ({ clock }: KafkaOptions, admin: Admin, topics: string[]): Promise<void> => {
  for (let look = 0; look < LEADER_LOOKS; look++) {
    const metadata = await admin.fetchTopicMetadata({ topics }).catch(() => ({ topics: [] }))
    const led = metadata.topics.filter(({ partitions }) => partitions.length > 0 && partitions.every(({ leader }) => leader >= 0))
    if (led.length === topics.length) return
    await pauseFor(clock, LEADER_LOOK_MS, NEVER)
  }
  throw new AppError('BusUnavailable', `Kafka has no leader yet for ${topics.join(', ')}`, { retryable: true })
}

const NEVER = new AbortController().signal

const topicConfig = ({ replicationFactor = -1 }: KafkaOptions, { topic, partitions, keeps, maxMessageBytes }: TopicSpec): ITopicConfig => ({
  topic,
  numPartitions: partitions,
  replicationFactor,
  configEntries: [
    { name: 'max.message.bytes', value: String(maxMessageBytes) },
    ...(keeps === 'newestOfKey' ? COMPACTED : [{ name: 'retention.ms', value: String(keeps) }]),
  ],
})

// Whoever looks for the newest reads all of it, so that it must stay short: only closed segments are compacted.
const COMPACTED = [
  { name: 'cleanup.policy', value: 'compact' },
  { name: 'segment.bytes', value: String(1024 * 1024) },
  { name: 'segment.ms', value: String(10 * 60_000) },
  { name: 'min.cleanable.dirty.ratio', value: '0.1' },
]
