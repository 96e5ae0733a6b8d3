import type { Clock } from '../clock.ts'
import type { LogLag } from '../consumers/log-lag.ts'
import type { Tracer } from '../consumers/tracer.ts'
import type { ProcessMetrics } from './process-metrics.ts'

/** Of a process that exports traces. */
export const addTracerMetrics = (metrics: ProcessMetrics, clock: Pick<Clock, 'now'>, tracer: Tracer): void => {
  // Two numbers of one look.
  let looking: Promise<LogLag> | undefined
  const lag = (): Promise<LogLag> => (looking ??= tracer.lag().finally(() => (looking = undefined)))
  metrics.counted('refold_tracer_spans_total', 'Spans that the back end has taken', () => tracer.counts().spans)
  metrics.counted('refold_tracer_spans_refused_total', 'Spans that it has refused', () => tracer.counts().refused)
  metrics.measured(
    'refold_tracer_lag_events',
    'Events whose spans are not exported yet, counted up to 10,000',
    async () => (await lag()).events,
  )
  metrics.measured('refold_tracer_lag_seconds', 'Age of the oldest of them', async () => {
    const { since } = await lag()
    return since === undefined ? 0 : Math.max(0, clock.now() - since) / 1_000
  })
}
