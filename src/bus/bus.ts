import { AppError } from '../errors.ts'

/** Keys, values and headers are UTF-8 texts. */
export interface BusMessage {
  /** Messages of one key keep their order: they share a partition. */
  readonly key: string
  /** `null` takes the key back from a topic that keeps the newest message of each key. */
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

export interface DeliveredMessage extends BusMessage {
  readonly topic: string
  readonly partition: number
  /** Strictly increasing within the partition, with gaps: never add 1 to it. */
  readonly offset: number
  /** When the bus stored it, in ms since the epoch. */
  readonly storedAt: number
}

export interface TopicSpec {
  readonly topic: string
  /** Cannot be raised later without breaking the order of each key. */
  readonly partitions: number
  /** For how long, in ms; or the newest message of each key, for ever. */
  readonly keeps: number | 'newestOfKey'
  /** Key, value and headers of one message, and of what is published at once to one partition. */
  readonly maxMessageBytes: number
}

export interface TopicMessages {
  readonly topic: string
  readonly messages: readonly BusMessage[]
}

export interface Publisher {
  /**
   * Topic after topic, each acknowledged before the next begins; calls come one after the other, however they are made.
   * Of a transactional publisher all or nothing, and consumers see nothing of it before.
   *
   * Rejects with `TooLarge` (a part may be there), `InvalidConfiguration` (no such topic), `BusFenced`, or `BusUnavailable`. Then a
   * publisher without transactions is given the very same again (the same object), of which it knows what is there already; one with
   * transactions is spent: open another, and look what is there.
   */
  publish(topics: readonly TopicMessages[]): Promise<void>
  close(): Promise<void>
}

/** Messages of one partition, in order; never empty. */
export interface Batch {
  readonly topic: string
  readonly partition: number
  readonly messages: readonly DeliveredMessage[]
  /** Where the partition goes on behind this batch. */
  readonly next: number
  /** Aborted where the partition goes to another member, or the consumer is closed: nobody waits for the rest. */
  readonly signal: AbortSignal
}

export interface Restart {
  readonly restartAt: number
}

export interface ConsumeOptions {
  readonly group: string
  readonly topics: readonly string[]
  /**
   * Asked whenever a partition is given to this process: the offset to begin at. Where it is undefined, or not given,
   * the partition begins where the group stands, and at its beginning where the group never was.
   */
  readonly startAt?: (topic: string, partition: number) => Promise<number | undefined>
  /**
   * Batches of one partition come one after the other, those of several at once. Where it resolves, the batch is handled
   * (or the partition is read again from `restartAt`); where it rejects, the same batch comes again after a pause.
   */
  readonly handle: (batch: Batch) => Promise<Restart | undefined>
}

export interface BusConsumer {
  /** Begins no further batch until `resume`. */
  pause(): void
  resume(): void
  /** Waits for the batches that are being handled, then leaves the group. */
  close(): Promise<void>
}

export interface PartitionRange {
  readonly partition: number
  /** Of the oldest message that is still kept. */
  readonly begin: number
  /** Behind the newest message. */
  readonly end: number
}

/** What the bus does by itself and operators want to know of. */
export type BusNotice =
  | { readonly type: 'batchFailed'; readonly group: string; readonly topic: string; readonly partition: number; readonly message: string }
  | { readonly type: 'consumerRebuilt'; readonly group: string; readonly message: string }

/**
 * Topics of keyed messages, at least once and in order of each key, as Kafka has them.
 * All promises reject with `AppError`: `BusUnavailable`, `InvalidConfiguration`, `InvalidInput`, `Closed`.
 */
export interface Bus {
  /** Makes the topics that are not there and leaves the others as they are. */
  ensureTopics(specs: readonly TopicSpec[]): Promise<void>

  /** With a transactional id every earlier publisher of that id is fenced off. */
  openPublisher(options?: { readonly transactionalId?: string }): Promise<Publisher>

  /** Messages are shared out among all consumers of one group, by partition. The topics have to be there; whatever else fails is tried again. */
  consume(options: ConsumeOptions): BusConsumer

  /** What the topic holds when it is called, in order within each partition. */
  read(topic: string): AsyncIterable<DeliveredMessage>

  ranges(topic: string): Promise<readonly PartitionRange[]>

  /** Messages of the topic that the group has not handled, about: where a transaction ended, a mark counts as a message. */
  lag(group: string, topic: string): Promise<number>

  close(): Promise<void>
}

export const busClosed = (): AppError => new AppError('Closed', 'the bus is closed')

export const noTopic = (topic: string, cause?: unknown): AppError =>
  new AppError('InvalidConfiguration', `Expected the topic ${topic}, found none: make it, or let Refold make its topics`, {
    details: { topic },
    cause,
  })

export const topicNotKnownYet = (topic: string, cause: unknown): AppError =>
  new AppError('BusUnavailable', `the broker does not know the topic ${topic} yet, which others do`, { retryable: true, cause })

export const messageTooLarge = (topic: string, bytes: number | undefined, cause?: unknown): AppError =>
  new AppError('TooLarge', `${bytes === undefined ? 'A message' : `A message of ${bytes} bytes`} is larger than the topic ${topic} takes`, {
    details: { topic, bytes },
    cause,
  })

export const fenced = (transactionalId: string | undefined, cause?: unknown): AppError =>
  new AppError('BusFenced', `another process publishes as ${transactionalId ?? 'this producer'}: this one has to end`, {
    details: { transactionalId },
    cause,
  })
