import { z } from 'zod'
import { AppError, isAppError } from '../errors.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import { instruments, metricNames, type MetricName } from '../projections/metrics/instruments.ts'
import type { Total } from '../projections/metrics/metric-totals.ts'
import type { StandingParts } from './trace-standing.ts'

// What the runs of a log have come to in numbers stands in the log itself, with the place up to which they were counted: nobody who goes on
// from there counts anything twice, or leaves anything out.

/** Of no run, as `refold.log`. */
const METRICS_STREAM = 'refold.metrics'

export interface MetricStanding {
  /** Of the newest event of the stream; -1 where there is none. */
  readonly revision: number
  /** What had ended up to here is counted; 0 is nothing. */
  readonly position: number
  /** Of the log that it was counted in, as `refold.log` names it: another one once a copy was restored. */
  readonly logId: string
  /** When the totals began, ms since the epoch. */
  readonly since: number
  /** When they were sent last, by whomever; 0 is never. */
  readonly sentAt: number
  /** Where they were counted up to then. */
  readonly sentPosition: number
  readonly totals: readonly Total[]
}

const totalShape = z.object({
  metric: z.enum(metricNames as [MetricName, ...MetricName[]]),
  dimensions: z.record(z.string(), z.string()),
  sum: z.number().nonnegative(),
  count: z.int().nonnegative(),
  buckets: z.array(z.int().nonnegative()),
})

const shape = z.object({
  position: z.int().nonnegative(),
  logId: z.string(),
  since: z.int().nonnegative(),
  sentAt: z.int().nonnegative(),
  sentPosition: z.int().nonnegative(),
  totals: z.array(totalShape).refine((totals) => totals.every(hasItsBuckets)),
})

/** Bounds are as old as the release that has counted: totals in others are none that can be added to. */
const hasItsBuckets = ({ metric, buckets }: z.infer<typeof totalShape>): boolean => {
  const { kind, bounds } = instruments[metric]
  return buckets.length === (kind === 'counter' ? 0 : bounds.length + 1)
}

const NOTHING: MetricStanding = { revision: -1, position: 0, logId: '', since: 0, sentAt: 0, sentPosition: 0, totals: [] }

/** Rejects with what the log says, and with `EventLogCorrupt` for what nobody has counted like that. */
export const readMetricStanding = async (log: Pick<EventLog, 'readStream'>): Promise<MetricStanding> => {
  try {
    for await (const { revision, data } of log.readStream(METRICS_STREAM, { direction: 'backwards', limit: 1 }))
      return { revision, ...parsed(data) }
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound')) throw error
  }
  return NOTHING
}

const parsed = (data: string): z.infer<typeof shape> => {
  try {
    return shape.parse(JSON.parse(data))
  } catch (cause) {
    throw new AppError('EventLogCorrupt', `Expected {"position", "totals"} in ${METRICS_STREAM}, found something else`, { cause })
  }
}

/** So many events of the stream are kept at least. */
const KEPT = 16

/** The standing after it was written, or undefined where somebody else was faster. */
export const writeMetricStanding = async (
  { log, uuid }: StandingParts,
  { revision: before, ...standing }: MetricStanding,
): Promise<MetricStanding | undefined> => {
  const event = { id: uuid(), type: 'RunsMeasured', data: JSON.stringify(standing), meta: '{}' }
  try {
    const { revision } = await log.append(METRICS_STREAM, before < 0 ? 'no-stream' : before, [event])
    if (revision % KEPT === 0) await log.truncateStream(METRICS_STREAM, revision).catch(() => undefined)
    return { revision, ...standing }
  } catch (error) {
    if (isAppError(error, 'EventLogConflict')) return undefined
    throw error
  }
}
