import type { SweepCounts } from '../consumers/sweeper.ts'
import type { RuntimeCounts } from '../runtime/runtime.ts'
import type { BusCounts } from './counted-bus.ts'
import type { ProcessMetrics } from './process-metrics.ts'

type Counts = RuntimeCounts & SweepCounts & { readonly storeOffsetMs: number } & { readonly notices: Readonly<Record<string, number>> }

/** Of a process that works on runs. */
export const addRefoldMetrics = (metrics: ProcessMetrics, counts: () => Counts): void => {
  metrics.measured('refold_runs_in_memory', 'Runs whose folded state this process keeps', () => counts().runsInMemory)
  metrics.measured('refold_effects_under_way', 'Model calls, tool calls and look-ups of this process', () => counts().effectsUnderWay)
  metrics.countedBy('refold_effects_total', 'Effects that ended, by the event that says how', 'result', () => counts().results)
  metrics.counted('refold_sweeps_total', 'Looks for runs that nobody works on', () => counts().sweeps)
  metrics.measured('refold_runs_due', 'Runs that the last sweep found due', () => counts().due)
  metrics.measured(
    'refold_store_clock_offset_seconds',
    'How far the clock of the log is ahead of this one, as far as that is certain',
    () => counts().storeOffsetMs / 1_000,
  )
  metrics.countedBy(
    'refold_notices_total',
    'Results dropped, appends tried again, runs broken, sweeps failed',
    'type',
    () => counts().notices,
  )
}

/** Of a process that has a bus. */
export const addBusMetrics = (metrics: ProcessMetrics, counts: () => BusCounts): void => {
  metrics.countedBy('refold_messages_published_total', 'Messages that the bus has acknowledged', 'topic', () => counts().published)
  metrics.countedBy('refold_messages_handled_total', 'Messages that were handled, repeated ones too', 'topic', () => counts().handled)
}
