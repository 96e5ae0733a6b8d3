import { createRequire } from 'node:module'
import type { ClientSubscription, DatabaseClient } from '../src/eventlog/eventstoredb/client.ts'

/** `@eventstore/db-client` as it is used without the adapter. */
export interface BareClient extends Pick<DatabaseClient, 'dispose'> {
  appendToStream(stream: string, events: object[], options: { readonly expectedRevision: bigint | 'no_stream' }): Promise<unknown>
  subscribeToAll(options: {
    readonly fromPosition: { readonly commit: bigint; readonly prepare: bigint } | 'start'
    readonly filter: { readonly filterOn: 'streamName'; readonly prefixes: string[] }
  }): ClientSubscription & AsyncIterable<unknown>
}

export const bareClient = (connectionString: string): BareClient => {
  const { EventStoreDBClient } = createRequire(import.meta.url)('@eventstore/db-client') as {
    EventStoreDBClient: { connectionString(text: string): BareClient }
  }
  return EventStoreDBClient.connectionString(connectionString)
}
