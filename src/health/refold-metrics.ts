import type { Clock } from '../clock.ts'
import { oldestBehind } from '../consumers/log-lag.ts'
import type { SweepCounts } from '../consumers/sweeper.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import type { LogCall } from '../eventlog/timed-log.ts'
import type { RuntimeCounts } from '../runtime/runtime.ts'
import type { BusCounts } from './counted-bus.ts'
import { viewQueries } from '../views/view-queries.ts'
import type { ViewStore } from '../views/view-store.ts'
import type { ProcessMetrics } from './process-metrics.ts'

type Counts = RuntimeCounts & SweepCounts & { readonly storeOffsetMs: number } & { readonly notices: Readonly<Record<string, number>> }

/** Of a process that works on runs. */
export const addRefoldMetrics = (metrics: ProcessMetrics, counts: () => Counts): void => {
  metrics.measured('refold_runs_in_memory', 'Runs whose folded state this process keeps', () => counts().runsInMemory)
  metrics.measured('refold_effects_under_way', 'Model calls, tool calls and look-ups of this process', () => counts().effectsUnderWay)
  metrics.countedBy('refold_effects_total', 'Effects that ended, by the event that says how', 'result', () => counts().results)
  metrics.counted('refold_sweeps_total', 'Looks for runs that nobody works on', () => counts().sweeps)
  metrics.measured('refold_runs_due', 'Runs that the last sweep found due', () => counts().due)
  metrics.measured('refold_runs_left', 'Runs that the last sweep left to others, since their code is not here', () => counts().left)
  metrics.measured(
    'refold_store_clock_offset_seconds',
    'How far the clock of the log is ahead of this one, as far as that is certain',
    () => counts().storeOffsetMs / 1_000,
  )
  metrics.countedBy(
    'refold_notices_total',
    'Calls taken over, results dropped, appends tried again, runs broken, sweeps failed and what else the log lines say',
    'type',
    () => counts().notices,
  )
}

/** How long what the log is asked for takes. */
export const timedLogCalls = (metrics: ProcessMetrics): ((call: LogCall) => void) => {
  const took = metrics.timed(
    'refold_log_call_duration_seconds',
    'Calls of the log, with all that is tried again; reads to their first event',
    ['call', 'outcome'],
  )
  return ({ call, outcome, seconds }) => {
    took({ call, outcome }, seconds)
  }
}

interface Looked {
  readonly log: EventLog
  readonly views: ViewStore
  readonly clock: Clock
}

/** What the views say of all runs, the same in every process that tells it. */
export const addViewMetrics = (metrics: ProcessMetrics, { log, views, clock }: Looked): void => {
  metrics.measured('refold_views_lag_seconds', 'Age of the oldest event of a run that the views lack', () =>
    viewsLag({ log, views, clock }),
  )
  metrics.measuredBy(
    'refold_runs_stuck',
    'Runs that do not go on by themselves, counted up to 1,000',
    { label: 'why', values: viewQueries.stuck.statuses },
    async () => {
      const { rows } = await views.query('stuck', { limit: 1_000 }, clock.now())
      const count = (why: string): number => rows.filter((row) => row['why'] === why).length
      return Object.fromEntries(viewQueries.stuck.statuses.map((why) => [why, count(why)])) as Record<Why, number>
    },
  )
}

type Why = (typeof viewQueries.stuck.statuses)[number]

const viewsLag = async ({ log, views, clock }: Looked): Promise<number> => {
  const checkpoint = await views.checkpoint()
  const since = await oldestBehind(log, checkpoint?.position)
  return since === undefined ? 0 : Math.max(0, clock.now() - since) / 1_000
}

/** Of a process that has a bus. */
export const addBusMetrics = (metrics: ProcessMetrics, counts: () => BusCounts): void => {
  metrics.countedBy('refold_messages_published_total', 'Messages that the bus has acknowledged', 'topic', () => counts().published)
  metrics.countedBy('refold_messages_handled_total', 'Messages that were handled, repeated ones too', 'topic', () => counts().handled)
}
