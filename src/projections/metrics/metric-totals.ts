import { instruments, type MetricName } from './instruments.ts'
import type { Dimensions, Measurement } from './span-measurements.ts'

/** What one metric has come to, for one set of dimensions, since it began. */
export interface Total {
  readonly metric: MetricName
  readonly dimensions: Dimensions
  readonly sum: number
  /** How many values; of a counter as well. */
  readonly count: number
  /** Of a histogram: how many values in each bucket; empty for a counter. */
  readonly buckets: readonly number[]
}

/** More sets of dimensions than these are one, which says so, as the SDKs of OpenTelemetry do it. */
export const MOST_TOTALS = 1_000
const OVERFLOW: Dimensions = { 'otel.metric.overflow': 'true' }

/** The totals with these values added, in the order in which they were first seen. Whoever adds the same in parts comes to the same. */
export const addedTo = (totals: readonly Total[], measurements: Iterable<Measurement>): readonly Total[] => {
  const byKey = new Map(totals.map((total): [string, GrowingTotal] => [keyOf(total), { ...total, buckets: [...total.buckets] }]))
  for (const measurement of measurements) {
    const { metric, value } = measurement
    const dimensions = byKey.size < MOST_TOTALS || byKey.has(keyOf(measurement)) ? measurement.dimensions : OVERFLOW
    const key = keyOf({ metric, dimensions })
    let total = byKey.get(key)
    if (total === undefined) byKey.set(key, (total = { metric, dimensions, sum: 0, count: 0, buckets: emptyBuckets(metric) }))
    total.sum = sumOf(total.sum, value)
    total.count += 1
    const at = bucketOf(metric, value)
    if (at !== undefined) total.buckets[at] = (total.buckets[at] ?? 0) + 1
  }
  return [...byKey.values()]
}

type GrowingTotal = { -readonly [Key in keyof Total]: Total[Key] } & { readonly buckets: number[] }

const keyOf = ({ metric, dimensions }: Pick<Total, 'metric' | 'dimensions'>): string => JSON.stringify([metric, dimensions])

const emptyBuckets = (metric: MetricName): number[] => {
  const { kind, bounds } = instruments[metric]
  return kind === 'counter' ? [] : Array.from({ length: bounds.length + 1 }, () => 0)
}

/** To the thousandth, so that sums of times do not depend on the order in which they were added. */
const sumOf = (one: number, other: number): number => Math.round((one + other) * 1_000) / 1_000

/** A value that is a bound lies below it. */
const bucketOf = (metric: MetricName, value: number): number | undefined => {
  const { kind, bounds }: { readonly kind: string; readonly bounds: readonly number[] } = instruments[metric]
  if (kind === 'counter') return undefined
  const at = bounds.findIndex((bound) => value <= bound)
  return at < 0 ? bounds.length : at
}
