import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import type { Environment } from '../../config.ts'
import type { Bus } from '../../bus/bus.ts'
import { logLag, type LogLag } from '../../consumers/log-lag.ts'
import { readCheckpoint } from '../../consumers/relay-checkpoint.ts'
import { topicsOf } from '../../consumers/topics.ts'
import { isAppError } from '../../errors.ts'
import { inspectPostgres, type PostgresInspection } from '../../open-postgres.ts'
import { inspectEventStore } from '../../open-stores.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { counted } from '../../projections/amount-text.ts'
import { age } from '../amounts.ts'
import type { CommandLine } from '../command-line.ts'
import type { Findings } from './findings.ts'

/** What was found of the event log's server. */
export interface ExaminedEventStore {
  readonly at: string
  readonly version: string
  /** As `@eventstore/db-client 6.2.1`. */
  readonly client: string
  readonly user: string | null
}

/** Of a reader of the log. */
export interface ExaminedLag extends Pick<LogLag, 'events' | 'isAtLeast'> {
  /** ms since the epoch of the first event that it lacks; null where it lacks none. */
  readonly since: number | null
}

export interface ExaminedReaders {
  readonly postgres: PostgresInspection & { readonly client: string }
  readonly views: ExaminedLag
  /** By the streams that each of them carries; absent where there is no bus. */
  readonly relays?: Readonly<Record<string, ExaminedLag>>
}

/** Before the log is opened, which takes rights that may be missing. Rejects with what keeps the server from being asked. */
export const checkEventStore = async (line: CommandLine, environment: Environment, findings: Findings): Promise<ExaminedEventStore> => {
  const { REFOLD_EVENTSTORE: eventStore = '', REFOLD_EVENTSTORE_CLIENT: client } = environment
  const found = await inspectEventStore({ eventStore, client }, ({ at, to, why }) => {
    void line.output.note(`Waiting for EventStoreDB at ${at} to ${to}: ${why}`)
  })
  for (const { message } of found.deniedReads) findings.add({ severity: 'problem', check: 'rights', message, remedy: GRANT })
  for (const { message } of found.deniedWrites)
    findings.add({ severity: 'warning', check: 'rights', message, remedy: `${GRANT} Whoever only looks does without it.` })
  const { at, version, user } = found
  return { at, version, client: versionOf(client), user }
}

const GRANT = 'Give the right, as it says.'

/** As this process has it. */
const versionOf = (name: string): string => {
  try {
    const path = findPackageJSON(name, import.meta.url) ?? ''
    const { version } = JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }
    return `${name} ${version}`
  } catch {
    return name
  }
}

/** How far those are who read the log, and what Postgres keeps. */
export const checkReaders = async (
  line: CommandLine,
  { environment, refold, findings }: { readonly environment: Environment; readonly refold: OpenRefold; readonly findings: Findings },
): Promise<ExaminedReaders> => {
  const postgres = await inspectPostgres(environment.REFOLD_POSTGRES ?? '')
  if (postgres.deniedTables.length > 0)
    findings.add({
      severity: 'warning',
      check: 'rights',
      message: `The user of Postgres may not change ${postgres.deniedTables.join(', ')}`,
      remedy: 'Give it select, insert, update and delete on these tables. Whoever only looks does without it.',
    })
  const { log, views } = refold
  const lag = lagOf(await logLag({ log, clock: line.clock }, (await views.checkpoint())?.position))
  checkLag(
    line,
    { who: 'The views are', check: 'views', lag, remedy: 'A worker, a service or `refold project` has to run: refold views status' },
    findings,
  )
  const bus = await line.openBus(() => undefined)
  if (bus === undefined) return { postgres: { ...postgres, client: versionOf('pg') }, views: lag }
  try {
    return {
      postgres: { ...postgres, client: versionOf('pg') },
      views: lag,
      relays: await checkRelays(line, { environment, refold, bus, findings }),
    }
  } finally {
    await bus.close()
  }
}

export const lagOf = ({ events, isAtLeast, since }: LogLag): ExaminedLag => ({ events, isAtLeast, since: since ?? null })

/** So far may a reader be behind that is at work. */
const PATIENCE_MS = 60_000

interface CheckedLag {
  readonly who: string
  readonly check: 'views' | 'relay' | 'traces'
  readonly lag: ExaminedLag
  readonly remedy: string
}

export const checkLag = ({ clock }: Pick<CommandLine, 'clock'>, { who, check, lag, remedy }: CheckedLag, findings: Findings): void => {
  const { events, isAtLeast, since } = lag
  if (since === null || clock.now() - since < PATIENCE_MS) return
  const message = `${who} ${isAtLeast ? 'at least ' : ''}${counted(events, 'event')} behind the log, for ${age(clock.now() - since)}`
  findings.add({ severity: 'warning', check, message, remedy })
}

interface RelayParts {
  readonly environment: Environment
  readonly refold: Pick<OpenRefold, 'log'>
  readonly bus: Bus
  readonly findings: Findings
}

const checkRelays = async (
  line: CommandLine,
  { environment, refold: { log }, bus, findings }: RelayParts,
): Promise<Readonly<Record<string, ExaminedLag>>> => {
  const topics = topicsOf(environment.REFOLD_TOPIC_PREFIX)
  const lags: Record<string, ExaminedLag> = {}
  try {
    const prefixes = new Set<string>()
    for await (const { key } of bus.read(topics.relayCheckpoints)) prefixes.add(key)
    for (const streamPrefix of prefixes) {
      const checkpoint = await readCheckpoint({ log, bus, topics, streamPrefix })
      const lag = lagOf(await logLag({ log, clock: line.clock, streamPrefix }, checkpoint?.passed ?? checkpoint?.position))
      lags[streamPrefix] = lag
      checkLag(line, { who: `The relay of ${streamPrefix}* is`, check: 'relay', lag, remedy: 'Start it: refold relay' }, findings)
    }
  } catch (error) {
    if (!isAppError(error)) throw error
    findings.add({ severity: 'problem', check: 'relay', message: error.message, remedy: '`docs/errors.md` says more of each code.' })
  }
  return lags
}
