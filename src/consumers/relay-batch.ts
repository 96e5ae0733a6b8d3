import { backoffMs, pauseFor } from '../bus/backoff.ts'
import type { BusMessage, Publisher, TopicMessages } from '../bus/bus.ts'
import { messageBytes } from '../bus/message-bytes.ts'
import { isAppError, messageOf } from '../errors.ts'
import type { StoredEvent } from '../eventlog/event-log.ts'
import { toMessage, toOmission } from './event-message.ts'
import { checkpointMessage, type RelayCheckpoint } from './relay-checkpoint.ts'
import type { RelayOptions } from './relay-options.ts'

export interface RelayBatch {
  readonly options: RelayOptions
  readonly publisher: Publisher
  readonly signal: AbortSignal
  /** As it is once these events have been carried. */
  readonly checkpoint: RelayCheckpoint
  readonly events: readonly StoredEvent[]
}

/** Resolves once the bus has acknowledged the events, and behind them the checkpoint. */
export const relayBatch = async (batch: RelayBatch): Promise<void> => {
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
