import type { Clock } from '../../clock.ts'
import { checkStreamName } from '../append.ts'
import { logClosed, type EventLog, type SubscribeOptions, type SubscriptionItem } from '../event-log.ts'
import { appendConnection } from './append-connection.ts'
import type { ClientPackage } from './client.ts'
import { loadClient, STORED_AT_STEP_MS } from './client.ts'
import type { Connection } from './connection.ts'
import { connection } from './connection.ts'
import { contact, type AwaitedServer } from './contact.ts'
import { serverPlaces, withOwnChannel } from './connection-string.ts'
import { connectionPool } from './connection-pool.ts'
import { type Ending, ending, type SubscriptionParts, refuseAhead, subscriptionItems } from './subscription.ts'
import { type LogWrites, logWrites } from './writes.ts'
import { toStreamMetadata } from './metadata.ts'
import { reads } from './reads.ts'

export interface EventStoreDbOptions {
  /** As the client packages take it, for example `esdb://host:2113?tls=false`. */
  readonly connectionString: string
  /** One and the same in the whole process; `@eventstore/db-client` by default. */
  readonly client?: ClientPackage
  readonly clock: Clock
  /** How long one try of an append, or a wait for the next event of a read, may take; 5,000 by default. It is tried again for four times as long. */
  readonly appendTimeoutMs?: number
  /** After so long without a sign of life a subscription asks whether it misses an event; 10,000 by default. */
  readonly silenceMs?: number
  /** Called once for each time that the server is away for two seconds. */
  readonly tellAwaited?: (awaited: AwaitedServer) => void
}

/**
 * The production log: EventStoreDB 23.10 or later, or KurrentDB. It connects at the first call, survives the loss of its server
 * and of its leader, and throws away a client that has become of no use.
 * Throws `InvalidConfiguration` while the process appends to another server; that the package is missing or the connection string
 * is unusable shows at the first call.
 */
export const eventStoreDbEventLog = (options: EventStoreDbOptions): EventLog => {
  const { connectionString, client = '@eventstore/db-client', clock, appendTimeoutMs: timeoutMs = 5_000, silenceMs = 10_000 } = options
  const ofServer = contact({ places: serverPlaces(connectionString), clock, tell: options.tellAwaited ?? (() => undefined) })
  const connect = (): Connection => connection(async () => (await loadClient(client))(withOwnChannel(connectionString)), clock)
  const appends = appendConnection(client, connectionString, clock)
  const reader = connect()
  const pool = connectionPool(connect)
  const storedAtStepMs = STORED_AT_STEP_MS[client]
  const readsOf = reads({ connection: reader, clock, contact: ofServer, timeoutMs, storedAtStepMs })
  const endings = new Set<Ending>()
  const pending = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined

  const checkOpen = (): void => {
    if (closing !== undefined) throw logClosed()
  }
  const shutDown = async (): Promise<void> => {
    for (const end of endings) end.end()
    await Promise.allSettled(pending)
    await Promise.all([appends.release(), reader.close(), pool.close()])
  }

  return {
    ...tracked(logWrites({ appends, others: reader, reads: readsOf, clock, contact: ofServer, timeoutMs }), pending, checkOpen),
    async *readStream(stream, readOptions = {}) {
      checkOpen()
      yield* readsOf.stream(stream, readOptions)
    },
    async *readAll(readOptions = {}) {
      checkOpen()
      yield* readsOf.all(readOptions)
    },
    async *backlog(backlogOptions = {}) {
      checkOpen()
      await refuseAhead(readsOf, backlogOptions)
      yield* readsOf.backlog(backlogOptions)
    },
    subscribe: (subscribeOptions = {}) =>
      subscribe({ pool, reads: readsOf, clock, contact: ofServer, silenceMs, storedAtStepMs, endings, checkOpen }, subscribeOptions),
    async head() {
      checkOpen()
      return readsOf.head()
    },
    async getMetadata(stream) {
      checkOpen()
      checkStreamName(stream)
      return toStreamMetadata(await readsOf.metadataOf(stream))
    },
    close() {
      closing ??= shutDown()
      return closing
    },
  }
}

/** Refuses writes to a closed log, and remembers those under way, since closing waits for them. */
const tracked = (writes: LogWrites, pending: Set<Promise<unknown>>, checkOpen: () => void): LogWrites => {
  const track = async <T>(write: () => Promise<T>): Promise<T> => {
    checkOpen()
    const writing = write()
    pending.add(writing)
    try {
      return await writing
    } finally {
      pending.delete(writing)
    }
  }
  return {
    append: (stream, expected, events) => track(() => writes.append(stream, expected, events)),
    deleteStream: (stream, expected) => track(() => writes.deleteStream(stream, expected)),
    tombstoneStream: (stream, expected) => track(() => writes.tombstoneStream(stream, expected)),
    truncateStream: (stream, before) => track(() => writes.truncateStream(stream, before)),
    setMetadata: (stream, metadata) => track(() => writes.setMetadata(stream, metadata)),
  }
}

interface LogSubscriptions extends SubscriptionParts {
  readonly endings: Set<Ending>
  readonly checkOpen: () => void
}

const subscribe = (parts: LogSubscriptions, options: SubscribeOptions): AsyncIterable<SubscriptionItem> => ({
  [Symbol.asyncIterator]() {
    const over = ending(options.signal)
    const items = itemsUntil(over, parts, options)
    return {
      next: () => items.next(),
      // A generator that waits cannot be ended from outside: it has to be woken first.
      return: () => {
        over.end()
        return items.return(undefined)
      },
    }
  },
})

async function* itemsUntil(
  over: Ending,
  { endings, checkOpen, ...parts }: LogSubscriptions,
  options: SubscribeOptions,
): AsyncGenerator<SubscriptionItem, undefined, undefined> {
  checkOpen()
  endings.add(over)
  try {
    if (!over.reached) yield* subscriptionItems(parts, options, over)
    checkOpen()
  } finally {
    endings.delete(over)
    over.release()
  }
}
