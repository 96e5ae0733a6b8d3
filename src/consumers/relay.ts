import { backoffMs, pauseFor } from '../bus/backoff.ts'
import type { Publisher, BusMessage, TopicMessages, Bus } from '../bus/bus.ts'
import { isAppError, messageOf } from '../errors.ts'
import type { SubscriptionItem, StoredEvent, EventLog } from '../eventlog/event-log.ts'
import { storedLength, gathered } from './batches.ts'
import { keepRunning } from './kept-running.ts'
import { identify } from './log-identity.ts'
import { logLag } from './log-lag.ts'
import { readCheckpoint, checkpointMessage, type RelayCheckpoint } from './relay-checkpoint.ts'
import { messageBytes } from '../bus/message-bytes.ts'
import { toMessage, toOmission } from './event-message.ts'
import type { Clock } from '../clock.ts'
import type { Topics } from './topics.ts'

// Carries the events of the log to the bus.
//
//   RELAY1. Events of a run come onto the bus in the order of their revisions; one that is repeated is repeated with all that follow it.
//   RELAY2. The checkpoint names an event that the bus has acknowledged, with all before it.
//   RELAY3. No event stops the relay: one that is too large is replaced by its reference.
//   RELAY4. What the log holds of others is passed once: the checkpoint says from time to time how far there is nothing to carry.
//
// So it may be killed anywhere and run twice at once: that costs repetitions, which consumers know by run and revision.

export type RelayNotice =
  | { readonly type: 'relayFailed'; readonly streamPrefix: string; readonly message: string }
  | { readonly type: 'eventOmitted'; readonly stream: string; readonly revision: number; readonly bytes: number }

export interface RelayOptions {
  readonly log: EventLog
  readonly bus: Bus
  readonly topics: Topics
  readonly clock: Clock
  /** Of the streams to carry: `run.` for all of them, `run.3` for one in sixteen. Each relay has a checkpoint under its prefix. */
  readonly streamPrefix: string
  /** Events and checkpoint in one transaction: nothing is repeated, and a second relay of the prefix ends the first. */
  readonly transactional: boolean
  /** An event whose message were larger is replaced by a reference. {@link LARGEST_MESSAGE_BYTES} suits the topics that Refold makes. */
  readonly largestMessageBytes: number
  readonly notify: (notice: RelayNotice) => void
}

/** A topic takes 1 MiB, of which the framing of a batch needs a little. */
export const LARGEST_MESSAGE_BYTES = 1_000_000

export interface RelayLag {
  /** Not on the bus yet, as far as {@link logLag} counts them. */
  readonly events: number
  /** Age of the oldest of them; 0 where there is none. */
  readonly seconds: number
}

export interface Relay {
  /**
   * Until the signal; what passes is tried again. Rejects with what does not: `InvalidConfiguration` (no such topic, or the checkpoint is
   * of another log), `BusFenced`, `Closed`.
   */
  run(signal: AbortSignal): Promise<void>
  lag(): Promise<RelayLag>
}

const BATCH_EVENTS = 500
const BATCH_BYTES = 900_000
/** How often the checkpoint moves where there is nothing to carry. */
const PASSED_EVERY_MS = 10_000

export const createRelay = (options: RelayOptions): Relay => {
  const { log, clock, streamPrefix, notify } = options
  let known: RelayCheckpoint | undefined

  const carry = async (publisher: Publisher, signal: AbortSignal): Promise<void> => {
    known = await readCheckpoint(options)
    const after = known?.passed ?? known?.position
    const items = log.subscribe({ filter: { streamPrefix }, signal, ...(after === undefined ? {} : { after }) })
    let saidAt = clock.now()
    for await (const batch of gathered(carried(items), { items: BATCH_EVENTS, bytes: BATCH_BYTES, bytesOf })) {
      const checkpoint = checkpointBehind(known ?? { log: (await identify(log)).id, position: 0 }, batch)
      const events = batch.flatMap((item) => (item.kind === 'event' ? [item.event] : []))
      if (events.length > 0 || clock.now() - saidAt >= PASSED_EVERY_MS) {
        await relayBatch({ options, publisher, signal, checkpoint, events })
        saidAt = clock.now()
      }
      known = checkpoint
    }
  }
  const carryOnce = async (signal: AbortSignal): Promise<void> => {
    const publisher = await openPublisher(options)
    const stop = new AbortController()
    try {
      await carry(publisher, AbortSignal.any([signal, stop.signal]))
    } finally {
      stop.abort()
      await publisher.close()
    }
  }

  return {
    run: (signal) =>
      keepRunning({
        clock,
        signal,
        place: () => known?.position,
        delayed: (message) => {
          notify({ type: 'relayFailed', streamPrefix, message })
        },
        work: () => carryOnce(signal),
      }),
    lag: async () => lagBehind(options, known ?? (await readCheckpoint(options))),
  }
}

const openPublisher = ({ bus, topics, streamPrefix, transactional }: RelayOptions): Promise<Publisher> =>
  bus.openPublisher(transactional ? { transactionalId: `${topics.relayCheckpoints}/${streamPrefix}` } : {})

type Carried = Exclude<SubscriptionItem, { readonly kind: 'caughtUp' }>

async function* carried(items: AsyncIterable<SubscriptionItem>): AsyncGenerator<Carried, void, undefined> {
  for await (const item of items) if (item.kind !== 'caughtUp') yield item
}

const bytesOf = (item: Carried): number => (item.kind === 'event' ? storedLength(item.event) : 0)

const checkpointBehind = (before: RelayCheckpoint, batch: readonly Carried[]): RelayCheckpoint => {
  let checkpoint = before
  for (const item of batch) {
    checkpoint =
      item.kind === 'event'
        ? { log: before.log, position: item.event.position, event: item.event.id }
        : { ...checkpoint, passed: item.position }
  }
  return checkpoint
}

const lagBehind = async ({ log, clock, streamPrefix }: RelayOptions, known: RelayCheckpoint | undefined): Promise<RelayLag> => {
  const { events, since } = await logLag({ log, clock, streamPrefix }, known?.passed ?? known?.position)
  return { events, seconds: since === undefined ? 0 : Math.max(0, clock.now() - since) / 1000 }
}

interface RelayBatch {
  readonly options: RelayOptions
  readonly publisher: Publisher
  readonly signal: AbortSignal
  /** As it is once these events have been carried. */
  readonly checkpoint: RelayCheckpoint
  readonly events: readonly StoredEvent[]
}

/** Resolves once the bus has acknowledged the events, and behind them the checkpoint. */
const relayBatch = async (batch: RelayBatch): Promise<void> => {
  const messages = batch.events.map((event) => messageFor(batch.options, event))
  try {
    await publish(batch, messages, batch.checkpoint)
  } catch (error) {
    if (!isAppError(error, 'TooLarge')) throw error
    await oneByOne(batch)
  }
}

const messageFor = ({ largestMessageBytes, notify }: RelayOptions, event: StoredEvent): BusMessage => {
  const message = toMessage(event)
  const bytes = messageBytes(message)
  if (bytes <= largestMessageBytes) return message
  notify({ type: 'eventOmitted', stream: event.stream, revision: event.revision, bytes })
  return toOmission(event, bytes)
}

/** The topic takes less than it was made for. */
const oneByOne = async (batch: RelayBatch): Promise<void> => {
  const { options, events, checkpoint } = batch
  for (const event of events) {
    const soFar = { log: checkpoint.log, position: event.position, event: event.id }
    const message = messageFor(options, event)
    try {
      await publish(batch, [message], soFar)
    } catch (error) {
      if (!isAppError(error, 'TooLarge')) throw error
      const bytes = messageBytes(message)
      options.notify({ type: 'eventOmitted', stream: event.stream, revision: event.revision, bytes })
      await publish(batch, [toOmission(event, bytes)], soFar)
    }
  }
}

const publish = async (
  { options, publisher, signal }: RelayBatch,
  messages: readonly BusMessage[],
  checkpoint: RelayCheckpoint,
): Promise<void> => {
  const { topics, streamPrefix, transactional, clock, notify } = options
  const published: readonly TopicMessages[] = [
    { topic: topics.events, messages },
    { topic: topics.relayCheckpoints, messages: [checkpointMessage(streamPrefix, checkpoint)] },
  ]
  for (let failures = 1; ; failures++) {
    try {
      await publisher.publish(published)
      return
    } catch (error) {
      // Of a transaction nobody knows whether it was committed: the checkpoint tells, when it is read again.
      if (transactional || signal.aborted || !isAppError(error, 'BusUnavailable')) throw error
      notify({ type: 'relayFailed', streamPrefix, message: messageOf(error) })
      await pauseFor(clock, backoffMs(failures), signal)
    }
  }
}
