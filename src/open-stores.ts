import { join, resolve } from 'node:path'
import { fileBlobStore } from './blobs/blob-store.files.ts'
import type { BlobStore } from './blobs/blob-store.ts'
import { systemClock } from './clock.ts'
import { AppError, isAppError, messageOf } from './errors.ts'
import { measuringClock } from './eventlog/clock-offset.ts'
import type { ClientPackage } from './eventlog/eventstoredb/client.ts'
import type { EventLog } from './eventlog/event-log.ts'
import type { AwaitedServer } from './eventlog/eventstoredb/contact.ts'
import type { EventStoreInspection } from './eventlog/eventstoredb/inspection.ts'
import { sqliteEventLog } from './eventlog/sqlite/sqlite-event-log.ts'
import type { ReadBeside } from './consumers/projector.ts'
import { openProjector } from './open-projector.ts'
import { openPostgresStores, postgresPool } from './open-postgres.ts'
import { present } from './present.ts'
import { makePrivateFolder } from './private-files.ts'
import { CLOCK_MARGIN_MS } from './fold/standing.ts'
import type { Notice } from './runtime/notices.ts'
import { memorySnapshotStore } from './snapshots/snapshot-store.memory.ts'
import { sqliteSnapshotStore } from './snapshots/snapshot-store.sqlite.ts'
import type { SnapshotStore } from './snapshots/snapshot-store.ts'
import type { PostgresSqlOptions } from './views/postgres/postgres-sql.ts'
import { sqliteViewStore } from './views/sqlite/sqlite-view-store.ts'
import type { ViewStore } from './views/view-store.ts'

/** Everything that Refold keeps. */
export interface Stores {
  readonly log: EventLog
  readonly blobs: BlobStore
  readonly snapshots: SnapshotStore
  /** Whether they are on a disk. */
  readonly keepsStates: boolean
  readonly views: ViewStore
  /** Takes in what the views are far behind, on a thread of its own. */
  readonly projectBeside?: ReadBeside
  /** Why nothing can be written, where only looking was asked for and nothing more is possible. */
  readonly unwritable?: AppError
  /** How far the clock of the log's server is ahead of ours, where it has one of its own. */
  readonly offsetMs?: () => number
  close(): Promise<void>
}

export interface EmbeddedOptions {
  /** Opens a folder that cannot be written, too: its log for reading alone, and views in memory, folded from it. */
  readonly readOnly: boolean
}

/** One folder on a local disk. Throws `EventLogUnavailable` and `EventLogCorrupt`. */
export const openEmbeddedStores = (folder: string, { readOnly }: EmbeddedOptions): Stores => {
  const dir = makeFolder(folder)
  const paths = { log: join(dir, 'log.db'), views: join(dir, 'views.db') }
  const { log, unwritable } = openLog(paths.log, readOnly)
  const views = openViews(paths.views, readOnly)
  const projector = readOnly ? undefined : openProjector(paths)
  const { snapshots, keepsStates } = openSnapshots(join(dir, 'snapshots.db'))
  return {
    log,
    ...present({ unwritable, projectBeside: projector?.readOn }),
    blobs: fileBlobStore({ dir: join(dir, 'blobs') }),
    snapshots,
    keepsStates,
    views,
    async close() {
      await projector?.close()
      await views.close()
      await snapshots.close()
      await log.close()
    },
  }
}

export interface BackboneAddresses {
  /** A connection string, as REFOLD_EVENTSTORE in the environment. */
  readonly eventStore: string
  /** The package that speaks to it: REFOLD_EVENTSTORE_CLIENT. */
  readonly client: ClientPackage
  /** A connection string, as REFOLD_POSTGRES in the environment. */
  readonly postgres: string
  /** Who asks its views in SQL; nobody without it. */
  readonly sql?: PostgresSqlOptions
  readonly notify: (notice: Notice) => void
}

/** EventStoreDB for the truth, Postgres for what is derived from it or too large for it: for workers on many machines. */
export const openBackboneStores = async ({ eventStore, client, postgres, sql, notify }: BackboneAddresses): Promise<Stores> => {
  // Only here, so that an embedded process does not load its client.
  const { checkConnectionString, STORED_AT_STEP_MS } = await import('./eventlog/eventstoredb/client.ts')
  const { eventStoreDbEventLog } = await import('./eventlog/eventstoredb/eventstoredb-event-log.ts')
  // Both before anything is asked of a server.
  await checkConnectionString(client, eventStore)
  const inPostgres = await openPostgresStores(await postgresPool(postgres), notify, sql)
  const { log, offsetMs } = measuringClock({
    log: eventStoreDbEventLog({
      connectionString: eventStore,
      client,
      clock: systemClock,
      tellAwaited: (awaited) => notify({ type: 'serverAwaited', server: 'EventStoreDB', ...awaited }),
    }),
    clock: systemClock,
    stepMs: STORED_AT_STEP_MS[client],
    changed: (offset) => {
      if (Math.abs(offset) > CLOCK_MARGIN_MS) notify({ type: 'clockSkew', offsetMs: offset })
    },
  })
  return {
    log,
    offsetMs,
    blobs: inPostgres.blobs,
    snapshots: memorySnapshotStore(),
    keepsStates: false,
    views: inPostgres.views,
    async close() {
      await log.close()
      await inPostgres.close()
    },
  }
}

/** What the server of the log is, and what its user may do there. Nothing is written. Rejects with what keeps it from being asked. */
export const inspectEventStore = async (
  { eventStore: connectionString, client }: Pick<BackboneAddresses, 'eventStore' | 'client'>,
  tellAwaited: (awaited: AwaitedServer) => void,
): Promise<EventStoreInspection> => {
  const { eventStoreDbEventLog } = await import('./eventlog/eventstoredb/eventstoredb-event-log.ts')
  const { inspectEventStoreDb } = await import('./eventlog/eventstoredb/inspection.ts')
  const log = eventStoreDbEventLog({ connectionString, client, clock: systemClock, tellAwaited })
  try {
    return await inspectEventStoreDb({ connectionString, client, clock: systemClock, log })
  } finally {
    await log.close()
  }
}

const openLog = (path: string, readOnly: boolean): { readonly log: EventLog; readonly unwritable?: AppError } => {
  try {
    return { log: sqliteEventLog({ path, clock: systemClock }) }
  } catch (unwritable) {
    if (!readOnly || !isAppError(unwritable, 'EventLogUnavailable')) throw unwritable
    return { log: sqliteEventLog({ path, clock: systemClock, unwritable }), unwritable }
  }
}

const openViews = (path: string, readOnly: boolean): ViewStore => {
  try {
    return sqliteViewStore({ path })
  } catch (cause) {
    if (readOnly) return sqliteViewStore({ path: ':memory:' })
    throw new AppError('StoreUnavailable', `The views at ${path} cannot be opened: ${messageOf(cause)}`, { retryable: true, cause })
  }
}

/** They only make looking back faster. */
const openSnapshots = (path: string): Pick<Stores, 'snapshots' | 'keepsStates'> => {
  try {
    return { snapshots: sqliteSnapshotStore({ path }), keepsStates: true }
  } catch {
    return { snapshots: memorySnapshotStore(), keepsStates: false }
  }
}

const makeFolder = (dir: string): string => {
  try {
    makePrivateFolder(dir)
    return resolve(dir)
  } catch (cause) {
    throw new AppError('EventLogUnavailable', `Expected a folder that can be made at ${resolve(dir)}: ${messageOf(cause)}`, { cause })
  }
}
