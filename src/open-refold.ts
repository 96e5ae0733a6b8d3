import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { BlobStore } from './blobs/blob-store.ts'
import { systemClock, systemIds } from './clock.ts'
import { readEnvironment, type Environment } from './config.ts'
import { secretsIn } from './early-environment.ts'
import { freshSql, type AskSql } from './consumers/fresh-sql.ts'
import { createRestoreWatch } from './consumers/restore-watch.ts'
import type { Projector } from './consumers/projector.ts'
import { tellChangedAgents } from './consumers/changed-agents.ts'
import { giveBackRuns, type GiveBackRuns, type GivenBackRuns } from './runtime/commands/give-back-runs.ts'
import { checkedRetention, createRetention, type Retention } from './consumers/retention.ts'
import { quickCatchUp, type ViewsBehind } from './consumers/quick-catch-up.ts'
import type { Tracer } from './consumers/tracer.ts'
import { createSweeper, type SweepCounts, type Sweeper } from './consumers/sweeper.ts'
import type { AppError } from './errors.ts'
import type { EventLog } from './eventlog/event-log.ts'
import { timedLog, type LogCall } from './eventlog/timed-log.ts'
import { noticingLog, type NoticingLog } from './eventlog/went-back.ts'
import { refuseUnknownOptions, type OptionNames } from './known-options.ts'
import { createLogger, standardError } from './logger.ts'
import type { Models } from './models/model.ts'
import { costOf, type PriceOverrides } from './models/prices.ts'
import { besideRuns, type TracerBeside } from './open-tracer.ts'
import { openBackboneStores, openEmbeddedStores, type Stores } from './open-stores.ts'
import type { Agent } from './runtime/agent.ts'
import { agentRegistry } from './runtime/code/agents.ts'
import { present, type Optional } from './present.ts'
import { localOwners, systemProcesses } from './runtime/owner.ts'
import type { Eraser } from './runtime/erase.ts'
import { createRefold, type Refold, type RefoldCore } from './runtime/refold.ts'
import { type Notice, toldNotices, type ToldNotices } from './runtime/notices.ts'
import type { Runtime, RuntimeCounts } from './runtime/runtime.ts'
import type { SnapshotStore } from './snapshots/snapshot-store.ts'
import { remedyFor, requestForms, vendorModels } from './vendor-models.ts'
import { checkedSqlRoles } from './views/checked-sql-query.ts'
import { checkedNamedQueries, sqlCatalog, type NamedQueries, type SqlCatalog } from './views/named-queries.ts'
import { readFilter, type ViewFilter, type ViewName, type ViewPage } from './views/view-queries.ts'
import type { ViewStore } from './views/view-store.ts'

export interface RefoldOptions {
  /**
   * Where the log, the blobs and the views are kept; made if it is not there. On a local disk.
   * Not used where the environment names an EventStoreDB (`REFOLD_EVENTSTORE`) and a Postgres (`REFOLD_POSTGRES`).
   */
  readonly dir: string
  /** Several versions of one name may stand side by side; new runs begin with the one given last. */
  readonly agents: readonly Agent[]
  /** By provider name. `openai` and `anthropic` come from their API keys in the environment by themselves. */
  readonly models?: Models | undefined
  /** By name, what the tools and guardrails of the agents need that is code, such as a database: they see it, and nothing of it is recorded. */
  readonly dependencies?: Readonly<Record<string, unknown>> | undefined
  /** For models whose price the table does not know, by `provider/model`. */
  readonly prices?: PriceOverrides | undefined
  /** Model calls at one time; `REFOLD_MODEL_CONCURRENCY` of the environment by default, or 64. */
  readonly modelConcurrency?: number | undefined
  /** How often runs are looked for that nobody works on; 5,000 by default. */
  readonly sweepIntervalMs?: number | undefined
  readonly logger?: Logger | undefined
  /** Told in words, in the place of the logger, of a server that does not answer and is waited for. */
  readonly tellAwaited?: ((text: string) => void) | undefined
  /** Told of each call of the log how long it took and how it ended. */
  readonly onLogCall?: ((call: LogCall) => void) | undefined
  /** How long runs are kept after they have ended, as `{ completed: '90d' }`; for ever by default. Of processes that take up runs. */
  readonly retention?: Retention | undefined
  /** Whether runs that were left open by a process that is gone are taken up, as soon as it is open; true by default. */
  readonly recover?: boolean | undefined
  /** Nothing is to be started or changed: a folder that cannot be written, a read-only copy for example, is opened for reading. */
  readonly readOnly?: boolean | undefined
  /** Gives an opening up that is under way, which then rejects with `Closed`. */
  readonly signal?: AbortSignal | undefined
  /** Runs that wait for nothing of this process stay so many in memory; 256 by default. Another look at one that does not folds it again. */
  readonly idleRunsInMemory?: number | undefined
  /** Queries in SQL that the page, the shell and the HTTP service offer beside the built-in ones, by name. */
  readonly queries?: NamedQueries | undefined
  /** By tenant, the role of Postgres that asks in SQL for its keys: it is given the rows of that tenant alone. Beside `REFOLD_POSTGRES_SQL`. */
  readonly sqlRoles?: Readonly<Record<string, string>> | undefined
  /** A call during which so many processes have ended is given up, since it may be what ends them; 3 by default. */
  readonly mostLostOwners?: number | undefined
}

/** `http`, `datasets` and `evals` stand in a configuration of the command line, which an application may open too. */
const OPTIONS: OptionNames<RefoldOptions & { readonly http: unknown; readonly datasets: unknown; readonly evals: unknown }> = {
  dir: true,
  agents: true,
  models: true,
  dependencies: true,
  prices: true,
  modelConcurrency: true,
  sweepIntervalMs: true,
  logger: true,
  tellAwaited: true,
  onLogCall: true,
  retention: true,
  recover: true,
  readOnly: true,
  signal: true,
  idleRunsInMemory: true,
  queries: true,
  sqlRoles: true,
  mostLostOwners: true,
  http: true,
  datasets: true,
  evals: true,
}

/** What this process has done since it was opened, and does now. */
export interface RefoldCounts extends RuntimeCounts, SweepCounts {
  /** How far the clock of the log's server is ahead of ours, as far as that is certain. */
  readonly storeOffsetMs: number
  /** What the log lines of the process say, by type. */
  readonly notices: Readonly<Record<string, number>>
}

/** Rows of a view, and what they may lack: what was stored last, where the views are behind their log. */
export interface FreshPage extends ViewPage {
  readonly behind: ViewsBehind | undefined
}

/** Refold on its stores. */
export interface OpenRefold extends Refold {
  /** What `refold query` shows: rows of a view of all runs, 50 unless the filter says otherwise. Rejects with `InvalidInput` for another view or filter. */
  readonly query: (view: ViewName, filter?: Optional<ViewFilter>) => Promise<FreshPage>
  /**
   * Asks the tables of the views one statement that only reads, with `$1`, `$2` … for `parameters`: 10,000 rows or 8 MB at most, within 1 s
   * (`timeoutMs`: 5,000 at most). With a `tenant`, of its runs alone. Rejects with `InvalidInput`, `QueryTooLong`, `TooLarge` and `TooManyQueries`.
   */
  readonly sql: AskSql
  /** What can be asked in SQL: tables, and queries that have a name. */
  readonly sqlCatalog: SqlCatalog
  /** @internal As which a prompt can be written: providers of this process, and vendors. */
  readonly requestForms: Models
  /** @internal */
  readonly runtime: Runtime
  /** @internal */
  readonly eraser: Eraser
  /** @internal */
  readonly log: EventLog
  /** @internal */
  readonly blobs: BlobStore
  /** @internal */
  readonly snapshots: SnapshotStore
  /** @internal */
  readonly views: ViewStore
  /** @internal */
  readonly projector: Projector
  /** @internal As far as it is quick; resolves to what the views lack then. */
  readonly catchUpQuickly: () => Promise<ViewsBehind | undefined>
  /** Gives back many runs that people own, a part at a time, as far as the views know them. Rejects with `InvalidInput` for another request. */
  readonly giveBackRuns: (wanted: GiveBackRuns) => Promise<GivenBackRuns & { readonly behind: ViewsBehind | undefined }>
  /** @internal Why nothing can be written here. Undefined where it can, or where nothing says otherwise. */
  readonly unwritable: AppError | undefined
  /** Aborted, with the error as its reason, once an older copy of the log was restored under this process. It is of no use from then on. */
  readonly wentBack: AbortSignal
  /** When the newest restore of the log was recorded, ms since the epoch, of which this process knows. Rejects with what the log says. */
  readonly newestRestore: () => Promise<{ readonly at: number } | undefined>
  readonly counts: () => RefoldCounts
  /** @internal Exports traces beside the runs, where the environment wants that. */
  readonly tracer?: Tracer | undefined
}

/** See `open.ts`, which loads this file. */
export const openRefold = async (options: RefoldOptions): Promise<OpenRefold> => {
  refuseUnknownOptions('openRefold', options, OPTIONS)
  const environment = readEnvironment()
  const retention = checkedRetention(options.retention)
  const queries = checkedNamedQueries(options.queries)
  const logger = options.logger ?? createLogger(environment.REFOLD_LOG_LEVEL, standardError(), secretsIn())
  const notices = toldNotices(logger, options.tellAwaited)
  const opened = await openStores(environment, options, notices.notify)
  const { onLogCall } = options
  const noticing = noticingLog(onLogCall === undefined ? opened.log : timedLog(opened.log, systemClock, onLogCall))
  const stores = { ...opened, log: noticing.log }
  let close = (): Promise<void> => stores.close()
  const giveUp = (): void => void close()
  options.signal?.addEventListener('abort', giveUp)
  try {
    options.signal?.throwIfAborted()
    const isBeside = environment.REFOLD_EVENTSTORE === undefined && options.readOnly !== true
    const traces = isBeside ? besideRuns({ environment, secrets: secretsIn(), log: stores.log, notify: notices.notify }) : undefined
    const { refold, takeUp } = openOn({ options, environment, retention, queries, stores, noticing, notices, traces })
    close = () => refold.close({ graceMs: 0 })
    if (options.recover !== false) await takeUp()
    return refold
  } catch (error) {
    await close()
    throw error
  } finally {
    options.signal?.removeEventListener('abort', giveUp)
  }
}

interface Opening {
  readonly options: RefoldOptions
  readonly environment: Environment
  readonly retention: Retention
  readonly queries: NamedQueries
  readonly stores: Stores
  readonly noticing: NoticingLog
  readonly notices: ToldNotices
  /** On one disk the traces are exported by the processes that work on runs; on servers `refold tracer` does it. */
  readonly traces: TracerBeside | undefined
}

interface Opened {
  readonly refold: OpenRefold
  /** Takes up the runs that nobody works on, behind what is resolved, and from time to time. */
  readonly takeUp: () => Promise<void>
}

const ownersIn = ({ REFOLD_EVENTSTORE }: Environment): ReturnType<typeof localOwners> =>
  localOwners({
    host: hostname(),
    pid: process.pid,
    uuid: systemIds.uuid(),
    processes: systemProcesses,
    isOneMachine: REFOLD_EVENTSTORE === undefined,
  })

const openOn = ({ options, environment, retention, queries, stores, noticing, notices: { notices, notify }, traces }: Opening): Opened => {
  const { log, blobs, snapshots, keepsStates, views } = stores
  const models = { ...vendorModels(environment), ...options.models }
  const owners = ownersIn(environment)
  const restores = createRestoreWatch({ noticing, views, clock: systemClock, notify, projectBeside: stores.projectBeside })
  const core = createRefold({
    log,
    blobs,
    snapshots,
    keepsStates,
    agents: agentRegistry(options.agents, notify, options.dependencies),
    models,
    remedyFor,
    clock: systemClock,
    ids: systemIds,
    random: Math.random,
    owner: owners.self,
    ownerIsGone: owners.isGone,
    costOf: costOf(models, options.prices),
    modelConcurrency: options.modelConcurrency ?? environment.REFOLD_MODEL_CONCURRENCY ?? 64,
    ...present({ storeOffsetMs: stores.offsetMs, idleRunsInMemory: options.idleRunsInMemory, mostLostOwners: options.mostLostOwners }),
    notify,
    restore: restores.newest,
  })
  const catchUpQuickly = quickCatchUp({ log, views, projector: restores.projector, clock: systemClock })
  const stop = new AbortController()
  const { sweepIntervalMs: intervalMs = 5_000 } = options
  const sweeper = sweeperOf({ core, stores, projector: restores.projector, notify, retention, intervalMs })
  restores.watch({ intervalMs, signal: stop.signal, wentBack: (error) => giveUp({ core, notify, stop }, error) })
  const refold: OpenRefold = {
    ...core,
    ...stores,
    projector: restores.projector,
    catchUpQuickly,
    ...asked(views, catchUpQuickly),
    sqlCatalog: sqlCatalog(queries),
    requestForms: requestForms(environment, options.models),
    giveBackRuns: givingBack({ views, catchUpQuickly, runtime: core.runtime }),
    unwritable: stores.unwritable,
    wentBack: noticing.wentBack,
    newestRestore: restores.newest,
    tracer: traces?.tracer,
    counts: () => ({ ...core.runtime.counts(), ...sweeper.counts(), storeOffsetMs: stores.offsetMs?.() ?? 0, notices: { ...notices } }),
    async close(closing) {
      stop.abort()
      await core.close({ graceMs: environment.REFOLD_GRACE_SECONDS * 1_000, ...closing })
      owners.leave(core.runtime.isAtWork)
      await traces?.close()
      await stores.close()
    },
  }
  return {
    refold,
    async takeUp() {
      await restores.newest()
      sweeper.run(stop.signal)
    },
  }
}

const giveUp = ({ core, notify, stop }: Pick<Sweeping, 'core' | 'notify'> & { readonly stop: AbortController }, error: AppError): void => {
  stop.abort()
  core.runtime.abandon(error)
  notify({ type: 'logWentBack', message: error.message })
}

/** What is asked of the views, which are brought up to the log before. */
const asked = (views: ViewStore, catchUpQuickly: OpenRefold['catchUpQuickly']): Pick<OpenRefold, 'query' | 'sql'> => ({
  query: freshQuery(views, catchUpQuickly),
  sql: freshSql(views, catchUpQuickly),
})

const freshQuery =
  (views: ViewStore, catchUpQuickly: OpenRefold['catchUpQuickly']): OpenRefold['query'] =>
  async (view, given = {}) => {
    const filter = readFilter(view, given)
    const behind = await catchUpQuickly()
    return { ...(await views.query(view, { limit: MOST_ROWS, ...present(filter) }, systemClock.now())), behind }
  }

const givingBack =
  ({ views, runtime, catchUpQuickly }: Pick<OpenRefold, 'views' | 'runtime' | 'catchUpQuickly'>): OpenRefold['giveBackRuns'] =>
  async (wanted) => {
    const behind = await catchUpQuickly()
    return { ...(await giveBackRuns({ views, command: (...given) => runtime.command(...given) }, wanted)), behind }
  }

interface Sweeping {
  readonly core: RefoldCore
  readonly stores: Stores
  readonly projector: Projector
  readonly notify: (notice: Notice) => void
  readonly retention: Retention
  readonly intervalMs: number
}

const sweeperOf = (sweeping: Sweeping): Sweeper => {
  const { core, stores, projector, notify, intervalMs } = sweeping
  return createSweeper({
    projector,
    views: stores.views,
    runtime: core.runtime,
    eraser: core.eraser,
    caughtUp: () => tellChangedAgents({ ...stores, agents: core.agents, notify }),
    chores: choresOf(sweeping),
    clock: systemClock,
    intervalMs,
    notify,
  })
}

/** Of a page that nobody has given a length. */
const MOST_ROWS = 50

/** No put takes so long. */
const DRAFT_GRACE_MS = 3_600_000

const choresOf = ({ core, stores: { views, blobs }, notify, retention }: Sweeping): (() => Promise<void>) => {
  const applyRetention = createRetention({ views, eraser: core.eraser, clock: systemClock, notify }, retention)
  return async () => {
    await applyRetention()
    await blobs.dropDrafts(systemClock.now() - DRAFT_GRACE_MS)
  }
}

const openStores = async (
  { REFOLD_EVENTSTORE: eventStore, REFOLD_EVENTSTORE_CLIENT: client, REFOLD_POSTGRES: postgres, REFOLD_POSTGRES_SQL: address }: Environment,
  { dir, readOnly = false, sqlRoles }: RefoldOptions,
  notify: (notice: Notice) => void,
): Promise<Stores> => {
  const roles = checkedSqlRoles(sqlRoles)
  if (eventStore === undefined || postgres === undefined) return openEmbeddedStores(dir, { readOnly })
  return openBackboneStores({ eventStore, client, postgres, notify, ...(address === undefined ? {} : { sql: { address, roles } }) })
}
