import { randomUUID } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { isAppError, type AppError } from '../../errors.ts'
import { appendConnection, type SharedConnection } from './append-connection.ts'
import type { ClientPackage, DatabaseClient, ProposedEvent } from './client.ts'
import type { EventLog } from '../event-log.ts'
import { judgeAppend } from './errors.ts'
import { placesText, serverPlaces } from './connection-string.ts'
import { writeOptions } from './writes.ts'

export interface EventStoreInspection {
  /** As `a:2113,b:2113`. */
  readonly at: string
  /** Its own word, such as `24.2.0`. */
  readonly version: string
  /** Null where nobody logs in. */
  readonly user: string | null
  /** What it lacks for looking. Each says which right it is, and how it is given. */
  readonly deniedReads: readonly AppError[]
  /** What it lacks for more than looking. */
  readonly deniedWrites: readonly AppError[]
}

export interface InspectionOptions {
  readonly connectionString: string
  readonly client: ClientPackage
  readonly clock: Clock
  /** Of that server. It stays open. */
  readonly log: EventLog
}

const TIMEOUT_MS = 5_000

/** Streams of the kinds that Refold keeps, of which there is none of this name. */
const RUN = 'run.00-refold-doctor'
const OWN = 'refold.doctor'
const METADATA = `$$${RUN}`

/** Asks the server what it is and what its user may do. Nothing is written. Rejects with what keeps it from being asked. */
export const inspectEventStoreDb = async (options: InspectionOptions): Promise<EventStoreInspection> => {
  const { connectionString, client, clock, log } = options
  const places = serverPlaces(connectionString)
  const appends = appendConnection(client, connectionString, clock)
  try {
    // First, since it waits for the server, and says what is wrong with it.
    const deniedReads = [
      ...(await denial(() => log.head())),
      ...(await denial(() => log.readStream(RUN, { limit: 1 })[Symbol.asyncIterator]().next())),
    ]
    const deniedWrites: AppError[] = []
    for (const stream of [RUN, OWN, METADATA]) deniedWrites.push(...(await denial(() => writeNothing(appends, stream))))
    const version = await appends.call(versionOf, TIMEOUT_MS)
    return { at: placesText(places), version, user: places.user ?? null, deniedReads, deniedWrites }
  } finally {
    await appends.release()
  }
}

/** What a client asks its server first, which its types do not show. */
const versionOf = async (asked: DatabaseClient): Promise<string> => {
  const { capabilities } = asked as DatabaseClient & { readonly capabilities?: Promise<{ readonly serverVersion?: string }> }
  return (await capabilities)?.serverVersion ?? 'unknown'
}

/** Whether it is granted, and no more: a stream that is not there is well. */
const denial = async (ask: () => Promise<unknown>): Promise<AppError[]> => {
  try {
    await ask()
    return []
  } catch (error) {
    if (isAppError(error, 'StreamNotFound') || isAppError(error, 'EventLogConflict')) return []
    if (isAppError(error, 'InvalidConfiguration') && error.details['right'] !== undefined) return [error]
    throw error
  }
}

/** Behind an event that no stream has, so that what is granted is refused all the same. */
const writeNothing = async (appends: SharedConnection, stream: string): Promise<void> => {
  const event: ProposedEvent = {
    id: randomUUID(),
    type: 'Nothing',
    contentType: 'application/json',
    data: {},
    metadata: new Uint8Array(),
  }
  const expected = Number.MAX_SAFE_INTEGER
  try {
    await appends.call((client) => client.appendToStream(stream, [event], writeOptions(expected)), TIMEOUT_MS)
  } catch (error) {
    const verdict = judgeAppend(error, { stream, expected })
    throw verdict.kind === 'refused' ? verdict.error : error
  }
}
