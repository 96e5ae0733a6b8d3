import { createRequire } from 'node:module'

/** Calls of the client of EventStoreDB. */
export interface CallCounts<Count = number> {
  readonly appends: Count
  readonly streamReads: Count
  readonly logReads: Count
  readonly subscriptions: Count
}

const COUNTED = {
  appendToStream: 'appends',
  readStream: 'streamReads',
  readAll: 'logReads',
  subscribeToStream: 'subscriptions',
  subscribeToAll: 'subscriptions',
} as const satisfies Record<string, keyof CallCounts>

type Method = keyof typeof COUNTED
type AnyMethod = (this: unknown, ...values: unknown[]) => unknown

/** Counts the calls of all clients of the process, whoever makes them. */
export const countCalls = (): { readonly now: () => CallCounts; readonly stop: () => void } => {
  const { EventStoreDBClient } = createRequire(import.meta.url)('@eventstore/db-client') as {
    EventStoreDBClient: { readonly prototype: Record<Method, AnyMethod> }
  }
  const { prototype } = EventStoreDBClient
  const counts = { appends: 0, streamReads: 0, logReads: 0, subscriptions: 0 }
  const methods = Object.keys(COUNTED) as Method[]
  const before = methods.map((method) => ({ method, original: prototype[method] }))
  for (const { method, original } of before) {
    prototype[method] = function counted(...values) {
      counts[COUNTED[method]] += 1
      return original.apply(this, values)
    }
  }
  return {
    now: () => ({ ...counts }),
    stop() {
      for (const { method, original } of before) prototype[method] = original
    },
  }
}
