import type { Clock } from '../clock.ts'
import type { Grower } from '../consumers/growing/grower.ts'
import type { LogLag } from '../consumers/log-lag.ts'
import type { ProcessMetrics } from './process-metrics.ts'

/** Of a process that grows datasets. */
export const addGrowerMetrics = (metrics: ProcessMetrics, clock: Pick<Clock, 'now'>, grower: Grower): void => {
  // Two numbers of one look.
  let looking: Promise<LogLag> | undefined
  const lag = (): Promise<LogLag> => (looking ??= grower.lag().finally(() => (looking = undefined)))
  metrics.measured('refold_grower_cases', 'Cases in the files of this process', () => Promise.resolve(grower.counts().cases))
  metrics.counted('refold_grower_left_out_total', 'Cases for which a file had no more room', () => grower.counts().leftOut)
  metrics.measured(
    'refold_grower_lag_events',
    'Events that no dataset has seen yet, counted up to 10,000',
    async () => (await lag()).events,
  )
  metrics.measured('refold_grower_lag_seconds', 'Age of the oldest of them', async () => {
    const { since } = await lag()
    return since === undefined ? 0 : Math.max(0, clock.now() - since) / 1_000
  })
}
