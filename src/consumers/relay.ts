import { backoffMs, pauseFor } from '../bus/backoff.ts'
import type { Publisher } from '../bus/bus.ts'
import { isAppError, messageOf } from '../errors.ts'
import type { StoredEvent, SubscriptionItem } from '../eventlog/event-log.ts'
import { gathered } from './gathered.ts'
import { identityOf } from './log-identity.ts'
import { relayBatch } from './relay-batch.ts'
import { readCheckpoint } from './relay-checkpoint.ts'
import type { RelayOptions } from './relay-options.ts'

// Carries the events of the log to the bus.
//
//   R1. Events of a run come onto the bus in the order of their revisions; one that is repeated is repeated with all that follow it.
//   R2. The checkpoint names an event that the bus has acknowledged, with all before it.
//   R3. No event stops the relay: one that is too large is replaced by its reference.
//
// So it may be killed anywhere and run twice at once: that costs repetitions, which consumers know by run and revision.

export interface RelayLag {
  /** Not on the bus yet; counted up to 10,000. */
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

const MOST_COUNTED = 10_000
const BATCH_EVENTS = 500
const BATCH_BYTES = 900_000

export const createRelay = (options: RelayOptions): Relay => {
  const { log, clock, streamPrefix, notify } = options
  let position: number | undefined

  const carry = async (publisher: Publisher, signal: AbortSignal): Promise<void> => {
    const since = await readCheckpoint(options)
    position = since?.position
    const items = log.subscribe({ filter: { streamPrefix }, signal, ...(since === undefined ? {} : { after: since.position }) })
    let logId = since?.log
    for await (const events of gathered(eventsOf(items), { items: BATCH_EVENTS, bytes: BATCH_BYTES, bytesOf })) {
      logId ??= await identityOf(log)
      await relayBatch({ options, publisher, signal, logId, events })
      position = events.at(-1)?.position
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
    async run(signal) {
      let failures = 0
      while (!signal.aborted) {
        const before = position
        try {
          await carryOnce(signal)
        } catch (error) {
          if (!isAppError(error) || !error.retryable) throw error
          failures = position === before ? failures + 1 : 1
          notify({ type: 'relayFailed', streamPrefix, message: messageOf(error) })
          await pauseFor(clock, backoffMs(failures), signal)
        }
      }
    },
    lag: async () => lagBehind(options, position ?? (await readCheckpoint(options))?.position),
  }
}

const openPublisher = ({ bus, topics, streamPrefix, transactional }: RelayOptions): Promise<Publisher> =>
  bus.openPublisher(transactional ? { transactionalId: `${topics.relayCheckpoints}/${streamPrefix}` } : {})

async function* eventsOf(items: AsyncIterable<SubscriptionItem>): AsyncGenerator<StoredEvent, void, undefined> {
  for await (const item of items) if (item.kind === 'event') yield item.event
}

const bytesOf = ({ data, meta }: StoredEvent): number => data.length + meta.length

const lagBehind = async ({ log, clock, streamPrefix }: RelayOptions, position: number | undefined): Promise<RelayLag> => {
  let events = 0
  let oldestAt: number | undefined
  for await (const event of log.readAll({ filter: { streamPrefix }, ...(position === undefined ? {} : { from: position }) })) {
    if (event.position === position) continue
    oldestAt ??= event.storedAt
    events += 1
    if (events === MOST_COUNTED) break
  }
  return { events, seconds: oldestAt === undefined ? 0 : Math.max(0, clock.now() - oldestAt) / 1000 }
}
