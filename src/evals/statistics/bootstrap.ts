import type { Chance } from './chance.ts'
import { clustersOf, meanOf, type Measured } from './clusters.ts'
import { CONFIDENCE, type Estimate, type Interval } from './interval.ts'
import { quantileOfSorted, quantilePlace } from './quantile.ts'

export interface BootstrapOptions {
  readonly chance: Chance
  readonly confidence?: number
  readonly resamples?: number
}

const RESAMPLES = 2_000
const FEWEST_RESAMPLES = 500
const MOST_DRAWS = 5_000_000

/** Of many tasks fewer times: their intervals are narrow, and drawing takes long. */
const roundsFor = (tasks: number, asked: number | undefined): number =>
  asked ?? Math.max(FEWEST_RESAMPLES, Math.min(RESAMPLES, Math.floor(MOST_DRAWS / tasks)))

const NOTHING_KNOWN: Interval = { low: -Infinity, high: Infinity }

/**
 * A mean with its percentile interval, from tasks drawn with all of their values: those of one task are alike. One task tells nothing of
 * others, so its interval is without end; so is that of no value, whose mean is no number. Tasks that are all alike have an interval without width.
 */
export const bootstrapMean = (values: readonly Measured[], { chance, ...options }: BootstrapOptions): Estimate => {
  const { sums, sizes } = clustersOf(values)
  const value = meanOf(values)
  const tasks = sums.length
  if (tasks < 2) return { value, ...NOTHING_KNOWN }
  const means = new Float64Array(roundsFor(tasks, options.resamples))
  for (let round = 0; round < means.length; round++) {
    let sum = 0
    let size = 0
    for (let draw = 0; draw < tasks; draw++) {
      const drawn = chance.below(tasks)
      sum += sums[drawn] ?? 0
      size += sizes[drawn] ?? 0
    }
    means[round] = sum / size
  }
  return { value, ...percentiles(means, options.confidence) }
}

/** Percentiles with their intervals, the same way: a share of 0.5 is the median. */
export const bootstrapQuantiles = (
  values: readonly Measured[],
  shares: readonly number[],
  { chance, ...options }: BootstrapOptions,
): readonly Estimate[] => {
  const sorted = [...values].sort((a, b) => a.value - b.value)
  const { taskOf, sizes } = clustersOf(sorted)
  const numbers = Float64Array.from(sorted, ({ value }) => value)
  const tasks = sizes.length
  if (tasks < 2) return shares.map((share) => ({ value: quantileOfSorted(numbers, share), ...NOTHING_KNOWN }))
  const rounds = roundsFor(tasks, options.resamples)
  const found = shares.map(() => new Float64Array(rounds))
  const times = new Float64Array(tasks)
  const seen = new Float64Array(numbers.length)
  for (let round = 0; round < rounds; round++) {
    times.fill(0)
    for (let draw = 0; draw < tasks; draw++) {
      const drawn = chance.below(tasks)
      times[drawn] = (times[drawn] ?? 0) + 1
    }
    let size = 0
    for (let index = 0; index < seen.length; index++) seen[index] = size += times[taskOf[index] ?? 0] ?? 0
    shares.forEach((share, which) => {
      const of = found[which]
      if (of !== undefined) of[round] = quantileOfDrawn(numbers, seen, quantilePlace(size, share))
    })
  }
  return shares.map((share, which) => ({
    value: quantileOfSorted(numbers, share),
    ...percentiles(found[which] ?? new Float64Array(), options.confidence),
  }))
}

/** Of sorted numbers of which each stands there several times, or not at all: `seen` counts them up to each. */
const quantileOfDrawn = (sorted: Float64Array, seen: Float64Array, place: number): number => {
  const low = sorted[firstBeyond(seen, Math.floor(place))] ?? Number.NaN
  const high = sorted[firstBeyond(seen, Math.ceil(place))] ?? Number.NaN
  return low === high ? low : low + (high - low) * (place - Math.floor(place))
}

const firstBeyond = (rising: Float64Array, bound: number): number => {
  let low = 0
  let high = rising.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rising[middle] ?? Infinity) > bound) high = middle
    else low = middle + 1
  }
  return low
}

const percentiles = (found: Float64Array, confidence = CONFIDENCE): Interval => {
  found.sort()
  return { low: quantileOfSorted(found, (1 - confidence) / 2), high: quantileOfSorted(found, (1 + confidence) / 2) }
}
