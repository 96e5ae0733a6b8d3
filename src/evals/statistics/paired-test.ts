import { fairCoinTail } from './binomial.ts'
import { bootstrapMean } from './bootstrap.ts'
import type { Chance } from './chance.ts'
import { clustersOf, meanOf, type Measured } from './clusters.ts'
import type { Estimate } from './interval.ts'

/** One case under both agents: what came of it, as a mean over its epochs. */
export interface Pair {
  readonly task: string
  readonly baseline: number
  readonly candidate: number
}

export type PairedMethod = 'McNemar, exact' | 'sign flips by task, exact' | 'sign flips by task, drawn'

export interface PairedTest {
  readonly method: PairedMethod
  readonly pairs: number
  readonly tasks: number
  /** Cases of which the candidate made more than the baseline, and less. */
  readonly better: number
  readonly worse: number
  /** Candidate less baseline, with the interval of a bootstrap over tasks. */
  readonly difference: Estimate
  /** Of both sides: how likely a difference of this size would be if there were none. */
  readonly p: number
  readonly verdict: 'better' | 'worse' | 'no difference shown'
}

export interface PairedOptions {
  readonly chance: Chance
  /** Below this, a difference counts as shown; 0.05 without it. */
  readonly alpha?: number
}

export const ALPHA = 0.05

/**
 * Whether the candidate does better or worse on the same cases. Exact McNemar where each task is one case that passed or failed; else the signs of
 * the tasks' differences are flipped, since cases and epochs of one task are alike: all ways of it where they can be counted, some thousand drawn ones elsewhere.
 */
export const pairedTest = (pairs: readonly Pair[], { chance, alpha = ALPHA }: PairedOptions): PairedTest => {
  const differences = pairs.map(({ task, baseline, candidate }): Measured => ({ task, value: candidate - baseline }))
  const better = differences.filter(({ value }) => value > 0).length
  const worse = differences.filter(({ value }) => value < 0).length
  const { sums } = clustersOf(differences)
  const isPlain = sums.length === pairs.length && pairs.every(({ baseline, candidate }) => isVerdict(baseline) && isVerdict(candidate))
  const { method, p } = isPlain ? { method: 'McNemar, exact' as const, p: mcNemar(better, worse) } : signFlips(sums, chance)
  const difference = bootstrapMean(differences, { chance })
  return {
    method,
    pairs: pairs.length,
    tasks: sums.length,
    better,
    worse,
    difference,
    p,
    verdict: verdictOf(meanOf(differences), p, alpha),
  }
}

const isVerdict = (value: number): boolean => value === 0 || value === 1

const verdictOf = (mean: number, p: number, alpha: number): PairedTest['verdict'] => {
  if (!(p < alpha)) return 'no difference shown'
  return mean > 0 ? 'better' : 'worse'
}

/** Two-sided, of the pairs that differ: those for the one and for the other. */
export const mcNemar = (better: number, worse: number): number => Math.min(1, 2 * fairCoinTail(Math.min(better, worse), better + worse))

const MOST_COUNTED_TASKS = 14
const DRAWN_FLIPS = 5_000
const FEWEST_FLIPS = 2_000
const MOST_SIGNS = 20_000_000
/** Sums of the same differences in another order are the same. */
const ROUNDING = 1e-9

/** How often the sum of the tasks' differences is as far from zero as it is, if each of them could as well be the other way round. */
export const signFlips = (sums: Float64Array, chance: Chance): Pick<PairedTest, 'method' | 'p'> => {
  const moving = sums.filter((sum) => Math.abs(sum) > ROUNDING)
  const found = Math.abs(moving.reduce((total, sum) => total + sum, 0)) - ROUNDING
  if (moving.length <= MOST_COUNTED_TASKS) return { method: 'sign flips by task, exact', p: countedFlips(moving, found) }
  const rounds = Math.max(FEWEST_FLIPS, Math.min(DRAWN_FLIPS, Math.floor(MOST_SIGNS / moving.length)))
  let asFar = 1
  for (let round = 0; round < rounds; round++) if (Math.abs(drawnSum(moving, chance)) >= found) asFar += 1
  return { method: 'sign flips by task, drawn', p: asFar / (rounds + 1) }
}

const BITS = 32

const drawnSum = (sums: Float64Array, chance: Chance): number => {
  let total = 0
  let bits = 0
  for (let index = 0; index < sums.length; index++) {
    bits = index % BITS === 0 ? chance.below(2 ** BITS) | 0 : bits >>> 1
    total += (bits & 1) === 1 ? (sums[index] ?? 0) : -(sums[index] ?? 0)
  }
  return total
}

const countedFlips = (sums: Float64Array, found: number): number => {
  const ways = 2 ** sums.length
  let asFar = 0
  for (let way = 0; way < ways; way++) {
    let total = 0
    for (let index = 0; index < sums.length; index++) total += ((way >> index) & 1) === 1 ? (sums[index] ?? 0) : -(sums[index] ?? 0)
    if (Math.abs(total) >= found) asFar += 1
  }
  return asFar / ways
}
