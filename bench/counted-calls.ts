import { createRequire } from 'node:module'

/** What goes to and comes from the servers, by whose calls. */
export interface CallCounts<Count = number> {
  readonly appends: Count
  readonly streamReads: Count
  readonly logReads: Count
  readonly subscriptions: Count
  /** By reads of a stream. */
  readonly eventsRead: Count
  /** By subscriptions to a stream: of those who follow a run. */
  readonly eventsFollowed: Count
  /** By subscriptions to the whole log: of the projector. */
  readonly eventsOfLog: Count
  /** Of Postgres. */
  readonly statements: Count
}

export const NO_CALLS: CallCounts = {
  appends: 0,
  streamReads: 0,
  logReads: 0,
  subscriptions: 0,
  eventsRead: 0,
  eventsFollowed: 0,
  eventsOfLog: 0,
  statements: 0,
}

/** By what a call is counted, and by what each event that comes of it. */
const COUNTED: Readonly<Record<string, { readonly call: keyof CallCounts; readonly event?: keyof CallCounts }>> = {
  appendToStream: { call: 'appends' },
  readStream: { call: 'streamReads', event: 'eventsRead' },
  readAll: { call: 'logReads' },
  subscribeToStream: { call: 'subscriptions', event: 'eventsFollowed' },
  subscribeToAll: { call: 'subscriptions', event: 'eventsOfLog' },
  query: { call: 'statements' },
}

type AnyMethod = (this: unknown, ...values: unknown[]) => unknown
type Methods = Record<string, AnyMethod>

/** Counts the calls of all clients of the process, whoever makes them. */
export const countCalls = (): { readonly now: () => CallCounts; readonly stop: () => void } => {
  const load = createRequire(import.meta.url)
  const { EventStoreDBClient } = load('@eventstore/db-client') as { EventStoreDBClient: { readonly prototype: Methods } }
  const { Client } = load('pg') as { Client: { readonly prototype: Methods } }
  const counts: Record<keyof CallCounts, number> = { ...NO_CALLS }
  const undo: (() => void)[] = []
  for (const [method, { call, event }] of Object.entries(COUNTED)) {
    const owner = method === 'query' ? Client.prototype : EventStoreDBClient.prototype
    const original = owner[method]
    if (original === undefined) throw new Error(`expected the client to have ${method}`)
    owner[method] = function counted(...values) {
      counts[call] += 1
      const result = original.apply(this, values)
      if (event !== undefined) countEvents(result as EventStream, () => (counts[event] += 1))
      return result
    }
    undo.push(() => (owner[method] = original))
  }
  return {
    now: () => ({ ...counts }),
    stop() {
      for (const each of undo) each()
    },
  }
}

/** A Node stream gives whoever consumes it each of its events by `read`. */
interface EventStream {
  read(size?: number): unknown
}

const countEvents = (stream: EventStream, count: () => void): void => {
  const read = stream.read.bind(stream)
  // Node itself calls it with 0, and takes nothing.
  stream.read = (size) => {
    const event: unknown = read(size)
    if (event !== null) count()
    return event
  }
}
