import { present } from '../../present.ts'
import type { Chance } from '../statistics/chance.ts'
import { clustersOf, type Measured } from '../statistics/clusters.ts'
import { pairedTest, type Pair, type PairedTest } from '../statistics/paired-test.ts'
import { passAtK, passHatK, type PassK, type Tries } from '../statistics/pass-k.ts'
import { smallestChangeOf, smallestPairedChange, smallestUnpairedChange } from '../statistics/smallest-change.ts'
import { byCase, type Attempt, type Passed } from './attempt.ts'
import { known, reported, shareOf, standardErrorOf, type ReportedEstimate, type Share } from './estimates.ts'

/** How good an agent is by one scorer, or by all of them. */
export interface Measure {
  readonly name: string
  /** Of the runs. */
  readonly passed: Share
  /** Of a scorer whose values are not 0 and 1 alone. */
  readonly mean?: ReportedEstimate
  readonly passAtK: readonly PassK[]
  readonly passHatK: readonly PassK[]
  readonly comparison?: Comparison
  readonly smallestChange: SmallestChange
}

/** The same cases by the baseline. */
export interface Comparison extends Omit<PairedTest, 'difference'> {
  readonly baseline: Share
  readonly difference: ReportedEstimate
}

/** Differences of shares that this set would show in 8 of 10 evals, of both sides and with 5 % of false alarms. Null: it can show none. */
export interface SmallestChange {
  /** Against a baseline on the same cases: with as many that differ as were found. */
  readonly paired?: number | null
  /** Against another set of as many cases. */
  readonly down: number | null
  readonly up: number | null
}

export interface Measuring {
  readonly name: string
  readonly passed: Passed
  readonly attempts: readonly Attempt[]
  readonly baseline: readonly Attempt[] | undefined
  readonly chance: Chance
}

export const measureOf = ({ name, passed, attempts, baseline, chance }: Measuring): Measure => {
  const verdicts = verdictsOf(attempts, passed)
  const share = shareOf(verdicts, chance)
  const tasks = triesOf(verdicts)
  const most = tasks.reduce((mostTried, { tried }) => Math.max(mostTried, tried), 0)
  const ks = Array.from({ length: Math.min(most, MOST_K) }, (_, index) => index + 1)
  const pairs = baseline === undefined ? undefined : pairsOf(attempts, baseline, passed)
  const comparison = pairs === undefined ? undefined : comparisonOf(pairs, shareOf(verdictsOf(baseline ?? [], passed), chance), chance)
  return {
    name,
    passed: share,
    passAtK: ks.map((k) => passAtK(tasks, k)),
    passHatK: ks.map((k) => passHatK(tasks, k)),
    ...present({ comparison }),
    smallestChange: {
      ...unpairedChange(verdicts, share),
      ...(comparison === undefined ? {} : { paired: pairedChange(pairs ?? [], comparison) }),
    },
  }
}

const MOST_K = 16

const verdictsOf = (attempts: readonly Attempt[], passed: Passed): readonly Measured[] =>
  attempts.map((attempt) => ({ task: attempt.task, value: passed(attempt) ? 1 : 0 }))

const triesOf = (verdicts: readonly Measured[]): readonly Tries[] => {
  const { sums, sizes } = clustersOf(verdicts)
  return Array.from(sums, (passed, index) => ({ tried: sizes[index] ?? 0, passed }))
}

/** Cases that both have run, each as the mean over its epochs. */
const pairsOf = (attempts: readonly Attempt[], baseline: readonly Attempt[], passed: Passed): readonly Pair[] => {
  const before = byCase(baseline)
  const share = (of: readonly Attempt[]): number => of.filter(passed).length / of.length
  return [...byCase(attempts)].flatMap(([caseId, after]) => {
    const known = before.get(caseId)
    return known === undefined ? [] : [{ task: after[0]?.task ?? caseId, baseline: share(known), candidate: share(after) }]
  })
}

const comparisonOf = (pairs: readonly Pair[], baseline: Share, chance: Chance): Comparison => {
  const { difference, ...test } = pairedTest(pairs, { chance })
  return { ...test, baseline, difference: reported(difference) }
}

/** With what was found, and one more case that differs: none that did is no sign that none ever will. */
const pairedChange = (pairs: readonly Pair[], { method, better, worse }: Comparison): number | null => {
  if (method === 'McNemar, exact') return known(smallestPairedChange(pairs.length, Math.min(1, (better + worse + 1) / (pairs.length + 1))))
  const error = standardErrorOf(pairs.map(({ task, baseline, candidate }) => ({ task, value: candidate - baseline })))
  return error === undefined || error === 0 ? null : possible(smallestChangeOf(error))
}

const unpairedChange = (verdicts: readonly Measured[], { value, method }: Share): Pick<SmallestChange, 'down' | 'up'> => {
  if (value === null) return { down: null, up: null }
  if (method === 'Wilson') {
    const { down, up } = smallestUnpairedChange(verdicts.length, value)
    return { down: known(down), up: known(up) }
  }
  const error = standardErrorOf(verdicts)
  if (error === undefined || error === 0) return { down: null, up: null }
  const change = smallestChangeOf(Math.SQRT2 * error)
  return { down: change > value ? null : change, up: change > 1 - value ? null : change }
}

const possible = (change: number): number | null => (change > 1 ? null : change)
