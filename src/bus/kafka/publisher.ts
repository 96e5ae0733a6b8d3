import { Partitioners, type Message, type Producer, type Transaction } from 'kafkajs'
import type { Clock } from '../../clock.ts'
import { isAppError } from '../../errors.ts'
import { busClosed, topicNotKnownYet, type BusMessage, type Publisher, type TopicMessages } from '../bus.ts'
import type { KafkaAdmin } from './admin.ts'
import { farewell, inTime, isTimeUp } from './time-limits.ts'
import { kafkaClient, RETRY, type KafkaOptions } from './client.ts'
import { asBusCall, saysNoTopic, toBusError, type KafkaCall } from './errors.ts'

// What keeps an idempotent producer of kafkajs from losing anything in silence:
//
//   PUBLISH1. One send at a time.
//   PUBLISH2. After a failure its sequence numbers are those from before the send, of which the broker may have stored a part. So the next
//       send is the very same, whose stored part the broker knows, or it goes through a new producer: another message under a number
//       that the broker has seen would be acknowledged and dropped. A client that gives no answer in time is not used again either: what it
//       was given may be stored twice then, with all that follows it.
//   PUBLISH3. Of a transaction that failed nothing is used again but after a clean abort.

/** What was not taken as a whole; its first topics have been acknowledged. */
interface Unfinished {
  readonly topics: readonly TopicMessages[]
  sent: number
}

/** A transaction that nobody ends holds up all readers of its topics; the broker ends it after this. */
const TRANSACTION_TIMEOUT_MS = 10_000

type KnownTopics = Pick<KafkaAdmin, 'isThere'>

export const kafkaPublisher = async (options: KafkaOptions, known: KnownTopics, transactionalId?: string): Promise<Publisher> => {
  let producer: Producer | undefined = await openProducer(options, transactionalId)
  let failed: Unfinished | undefined
  let spent: Error | undefined
  let closed = false
  let tail: Promise<unknown> = Promise.resolve()
  const sending: Sending = { clock: options.clock, known, transactionalId }

  const drop = async (): Promise<void> => {
    const dropped = producer
    producer = undefined
    await farewell(options.clock, dropped?.disconnect())
  }

  const spend = async (reason: Error): Promise<never> => {
    spent = reason
    await drop()
    throw reason
  }

  const publishNow = async (topics: readonly TopicMessages[]): Promise<void> => {
    if (closed) throw busClosed()
    const begun = failed?.topics === topics ? failed : { topics, sent: 0 }
    if (failed !== undefined && failed !== begun) await drop()
    failed = undefined
    producer ??= await openProducer(options, undefined)
    try {
      for (; begun.sent < topics.length; begun.sent += 1) await send(sending, producer, topics[begun.sent])
    } catch (error) {
      failed = begun
      if (!isAppError(error, 'BusUnavailable') || isTimeUp(error)) await drop()
      throw error
    }
  }

  const commitNow = async (topics: readonly TopicMessages[]): Promise<void> => {
    if (closed) throw busClosed()
    if (spent !== undefined || producer === undefined) throw spent ?? busClosed()
    const call = { what: 'publish', transactionalId }
    const transaction = await beginTransaction(producer, options.clock, call).catch((error: unknown) => spend(toBusError(error, call)))
    try {
      for (const messages of topics) await send(sending, transaction, messages)
      await asBusCall(call, () => inTime(options.clock, call.what, transaction.commit()))
    } catch (error) {
      const reason = toBusError(error, call)
      const isClean = reason.code === 'TooLarge' && (await transaction.abort().then(always(true), always(false)))
      if (isClean) throw reason
      await spend(reason)
    }
  }

  return {
    publish(topics) {
      const work = transactionalId === undefined ? publishNow : commitNow
      const published = tail.then(() => work(topics))
      tail = published.catch(() => undefined)
      return published
    },
    async close() {
      await tail
      closed = true
      await drop()
    },
  }
}

const openProducer = (options: KafkaOptions, transactionalId: string | undefined): Promise<Producer> => {
  const producer = kafkaClient(options).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    idempotent: true,
    maxInFlightRequests: 1,
    retry: RETRY,
    ...(transactionalId === undefined ? {} : { transactionalId, transactionTimeout: TRANSACTION_TIMEOUT_MS }),
  })
  const call = { what: 'open a publisher', transactionalId }
  const connect = async (): Promise<Producer> => {
    await producer.connect()
    // The first transaction is what fences off the producers before; one without messages leaves no trace.
    if (transactionalId !== undefined) await (await producer.transaction()).abort()
    return producer
  }
  return asBusCall(call, async () => {
    try {
      return await inTime(options.clock, call.what, connect())
    } catch (error) {
      await farewell(options.clock, producer.disconnect())
      throw error
    }
  })
}

const beginTransaction = (producer: Producer, clock: Clock, call: KafkaCall): Promise<Transaction> => {
  const begin = producer.transaction.bind(producer)
  return asBusCall(call, () => inTime(clock, call.what, begin()))
}

interface Sending {
  readonly clock: Clock
  readonly known: KnownTopics
  readonly transactionalId: string | undefined
}

const send = async (
  { clock, known, transactionalId }: Sending,
  sender: Pick<Producer, 'send'>,
  given: TopicMessages | undefined,
): Promise<void> => {
  if (given === undefined || given.messages.length === 0) return
  const { topic, messages } = given
  const what = `publish to ${topic}`
  try {
    await inTime(clock, what, sender.send({ topic, acks: -1, messages: messages.map(toKafka) }))
  } catch (error) {
    if (saysNoTopic(error) && (await known.isThere(topic))) throw topicNotKnownYet(topic, error)
    throw toBusError(error, { what, topic, transactionalId })
  }
}

const toKafka = ({ key, value, headers }: BusMessage): Message => ({ key, value, headers: { ...headers } })

const always =
  <Value>(value: Value) =>
  (): Value =>
    value
