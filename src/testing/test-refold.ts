import { createProjector } from '../consumers/projector.ts'
import { createSweeper } from '../consumers/sweeper.ts'
import { AppError } from '../errors.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import type { RunView } from '../fold/run-view.ts'
import { refuseUnknownOptions, type OptionNames } from '../known-options.ts'
import type { Models } from '../models/model.ts'
import { costOf, type PriceOverrides } from '../models/prices.ts'
import { present, type Optional } from '../present.ts'
import type { Agent } from '../runtime/agent.ts'
import { agentRegistry } from '../runtime/code/agents.ts'
import { readRun } from '../runtime/reading/run-reader.ts'
import { createRefold, type Refold, type RefoldCore } from '../runtime/refold.ts'
import type { Run } from '../runtime/run-handle.ts'
import { readFilter, type ViewFilter, type ViewName, type ViewPage } from '../views/view-queries.ts'
import type { ManualClock } from './manual-clock.ts'
import { memoryStores, type TestStores } from './memory-stores.ts'
import { throughTime } from './through-time.ts'

export interface TestOptions {
  /** Several versions of one name may stand side by side; new runs begin with the one given last. */
  readonly agents: readonly Agent[]
  /** By provider name. No vendor is known here, and no key is read. */
  readonly models?: Models | undefined
  /** By name, what the tools and guardrails of the agents need that is code, such as a database that is a fake here. */
  readonly dependencies?: Readonly<Record<string, unknown>> | undefined
  /** For models whose price the table does not know, by `provider/model`. */
  readonly prices?: PriceOverrides | undefined
  /** Those of a process before; empty ones by default. */
  readonly stores?: TestStores | undefined
}

/** Refold in memory, on a clock that moves when it is told to. All else is what runs in production. */
export interface TestRefold extends Refold {
  readonly clock: ManualClock
  readonly stores: TestStores
  /**
   * Lets everything happen, and time pass from timer to timer, until nothing happens to the run any more unless somebody does something.
   * Time stands still while a model, a tool or a look-up is under way. Rejects with `NotPossible` where that is not reached within
   * `withinMs` of real time, 5,000 by default.
   */
  settle(run: Run, options?: SettleOptions): Promise<RunView>
  /** Lets everything happen that needs no time. Rejects as `settle` does. */
  idle(options?: Pick<SettleOptions, 'withinMs'>): Promise<void>
  /** All that is recorded of a run by now. Rejects with `RunNotFound`. */
  events(runId: string): Promise<readonly RecordedRunEvent[]>
  /** Rows of a view of all runs, as of now. Rejects with `InvalidInput` for another view or filter. */
  query(view: ViewName, filter?: Optional<ViewFilter>): Promise<ViewPage>
  /**
   * The process ends as `kill -9` ends one: what it had not recorded is lost, and this instance is of no use. Resolves to the next process, on the
   * same stores, once it has taken over what was open; with other agents or models where some are given. The code of a tool that is under way
   * cannot be ended: its signal is aborted, and what it says is lost.
   */
  crash(options?: OtherCode): Promise<TestRefold>
}

/** What the next process has. Absent: what this one has. */
export interface OtherCode {
  readonly agents?: readonly Agent[] | undefined
  readonly models?: Models | undefined
  /** @internal */
  readonly stores?: TestStores | undefined
}

export interface SettleOptions {
  readonly withinMs?: number | undefined
  /** Rejects with `Closed` when it is aborted. */
  readonly signal?: AbortSignal | undefined
}

const OPTIONS: OptionNames<TestOptions> = { agents: true, models: true, dependencies: true, prices: true, stores: true }
const MODEL_CONCURRENCY = 64
const SWEEP_EVERY_MS = 5_000
/** Of a page that nobody has given a length. */
const MOST_ROWS = 50

/**
 * A process on the given stores, once it has taken over what was open there.
 * Rejects with `InvalidConfiguration` and `UnknownPrice` as `openRefold` does.
 */
export const openTestRefold = async (options: TestOptions): Promise<TestRefold> => {
  refuseUnknownOptions('openTestRefold', options, OPTIONS)
  return openProcess(options, { takesOver: true })
}

/** Where it does not take over, what was open stays open. */
export const openProcess = async (options: TestOptions, { takesOver }: { readonly takesOver: boolean }): Promise<TestRefold> => {
  const stores = options.stores ?? memoryStores()
  const { clock, log, blobs, views, processes } = stores
  const owner = processes.start()
  const { runtime, eraser: _, ...refold } = coreOn(options, stores, owner)
  const projector = createProjector({ log, views })
  const isBusy = (): boolean => runtime.counts().effectsUnderWay > 0
  const time = throughTime({ clock, isBusy, head: () => log.head() })
  if (takesOver) await createSweeper({ projector, views, runtime, clock, intervalMs: SWEEP_EVERY_MS, notify: nobody }).recover()
  return {
    ...refold,
    clock,
    stores,
    settle: (run, { withinMs, signal } = {}) =>
      time.until(run.untilSettled({ signal }), { withinMs, what: `${run.id} to settle`, found: async () => stateIn(await run.state()) }),
    idle: ({ withinMs } = {}) =>
      time.idle({ withinMs, what: 'nothing to happen any more', found: () => Promise.resolve('effects under way') }),
    async events(runId) {
      const events: RecordedRunEvent[] = []
      for await (const { event } of readRun({ log, blobs }, runId)) events.push(event)
      return events
    },
    async query(view, given = {}) {
      const filter = readFilter(view, given)
      await projector.catchUp()
      return views.query(view, { limit: MOST_ROWS, ...present(filter) }, clock.now())
    },
    crash(others = {}) {
      runtime.abandon(new AppError('Closed', 'Expected a process, found one that has crashed: go on with what `crash` resolved to'))
      processes.end(owner)
      return openTestRefold({ ...options, stores, ...present(others) })
    },
    async close({ graceMs = 0 } = {}) {
      const closing = refold.close({ graceMs })
      clock.advance(graceMs)
      await closing
      processes.end(owner)
    },
  }
}

const coreOn = (
  { agents, models = {}, dependencies, prices }: TestOptions,
  { clock, log, blobs, snapshots, ids, processes }: TestStores,
  owner: string,
): RefoldCore =>
  createRefold({
    log,
    blobs,
    snapshots,
    agents: agentRegistry(agents, nobody, dependencies),
    models,
    clock,
    ids,
    random: () => 0.5,
    owner,
    ownerIsGone: (other) => processes.isGone(other),
    costOf: costOf(models, prices),
    modelConcurrency: MODEL_CONCURRENCY,
    notify: nobody,
  })

const nobody = (): void => undefined

const stateIn = ({ status, state, openEffects, problem }: RunView): string => {
  const open = openEffects.map((effect) => `${effect.intent} ${effect.key} (${effect.status})`)
  return `it ${status} in ${state}, with ${open.join(', ') || 'nothing open'}${problem === null ? '' : `: ${problem}`}`
}
