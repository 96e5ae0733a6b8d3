import type { EventStoreDBClient } from '@eventstore/db-client'
import type { KurrentDBClient } from '@kurrent/kurrentdb-client'
import type { DatabaseClient } from '../../src/eventlog/eventstoredb/client.ts'

// Compiled, never run: both packages have what the adapter uses. Their types for events know no value that is both JSON and unknown.

type Used = Omit<DatabaseClient, 'appendToStream'>

export const eventStoreFits = (client: EventStoreDBClient): Used => client
export const kurrentFits = (client: KurrentDBClient): Used => client
