// What was computed apart was computed by SciPy 1.17.1 and statsmodels 0.15.0; each value names the call.
import { describe, expect, test } from 'vitest'
import { agreementOf, type Judged } from '../../../src/evals/statistics/agreement.ts'
import { fairCoinTail } from '../../../src/evals/statistics/binomial.ts'
import { bootstrapMean, bootstrapQuantiles } from '../../../src/evals/statistics/bootstrap.ts'
import { seededChance } from '../../../src/evals/statistics/chance.ts'
import type { Measured } from '../../../src/evals/statistics/clusters.ts'
import { normalQuantile } from '../../../src/evals/statistics/normal.ts'
import { mcNemar, pairedTest, signFlips, type Pair } from '../../../src/evals/statistics/paired-test.ts'
import { passAtK, passHatK } from '../../../src/evals/statistics/pass-k.ts'
import { smallestChangeOf, smallestPairedChange, smallestUnpairedChange } from '../../../src/evals/statistics/smallest-change.ts'
import { wilsonInterval } from '../../../src/evals/statistics/wilson.ts'
import { largestMatching } from '../../../src/evals/scorers/matching.ts'
import { fc } from '../../support/fast-check.ts'

const chance = () => seededChance(7)
const apart = (values: readonly number[]): Measured[] => values.map((value, index) => ({ task: `${index}`, value }))
const SAMPLE = apart([3, 1, 4, 1, 5, 9, 2, 6])

describe('the normal distribution', () => {
  test.each([
    // scipy.stats.norm.ppf(p)
    [0.975, 1.959963984540054],
    [0.8, 0.8416212335729143],
    [0.6, 0.2533471031357997],
    [0.5, 0],
    [1e-10, -6.361340902404056],
    [0.999999, 4.753424308817087],
  ])('reaches %d at %d', (p, z) => {
    expect(normalQuantile(p)).toBeCloseTo(z, 12)
  })

  test('ends nowhere, and is nothing outside of 0 to 1', () => {
    expect([normalQuantile(0), normalQuantile(1), normalQuantile(1.1), normalQuantile(Number.NaN)]).toEqual([-Infinity, Infinity, NaN, NaN])
  })
})

describe('the interval of a share', () => {
  test.each([
    // Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I, method 3
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
    // statsmodels.stats.proportion.proportion_confint(k, n, method='wilson')
    [29, 30, 0.8333, 0.9941],
    [43, 100, 0.3373, 0.5278],
  ])('of %d in %d is the published one', (passed, all, low, high) => {
    const found = wilsonInterval(passed, all)
    expect(found.low).toBeCloseTo(low, 4)
    expect(found.high).toBeCloseTo(high, 4)
  })

  test('of no case is anything, and all or none of few leave room', () => {
    expect(wilsonInterval(0, 0)).toEqual({ low: 0, high: 1 })
    expect(wilsonInterval(3, 3).high).toBe(1)
    expect(wilsonInterval(3, 3).low).toBeCloseTo(0.4385, 4) // proportion_confint(3, 3, method='wilson')
    expect(wilsonInterval(0, 1).low).toBe(0)
  })

  test('holds the share, and is narrower the more cases there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
        const passed = Math.round(all * share)
        const [one, ten] = [wilsonInterval(passed, all), wilsonInterval(passed * 10, all * 10)]
        expect(one.low).toBeLessThanOrEqual(passed / all)
        expect(one.high).toBeGreaterThanOrEqual(passed / all)
        expect(ten.high - ten.low).toBeLessThan(one.high - one.low)
      }),
    )
  })
})

describe('intervals that are drawn', () => {
  test('of a mean are those that SciPy draws', () => {
    // scipy.stats.bootstrap((x,), np.mean, n_resamples=200000, method='percentile', random_state=np.random.default_rng(1))
    const found = bootstrapMean(SAMPLE, { chance: chance(), resamples: 50_000 })
    expect(found.value).toBeCloseTo(3.875, 12)
    expect(found.low).toBeCloseTo(2.25, 1)
    expect(found.high).toBeCloseTo(5.75, 1)
  })

  test('of tasks of several values are those of drawing whole tasks', () => {
    // numpy: i = rng.integers(0, 6, (400000, 6)); np.percentile(sums[i].sum(1) / sizes[i].sum(1), [2.5, 97.5]) is 0.2222, 0.8750
    const tasks = [[1, 1, 1, 1], [0, 0], [1, 0, 1], [0], [1, 1], [0, 0, 0, 1]]
    const values = tasks.flatMap((of, task) => of.map((value): Measured => ({ task: `${task}`, value })))
    const found = bootstrapMean(values, { chance: chance(), resamples: 50_000 })
    expect(found.value).toBe(0.5625)
    expect(found.low).toBeCloseTo(0.2222, 2)
    expect(found.high).toBeCloseTo(0.875, 2)
  })

  test('of percentiles are those of NumPy and SciPy', () => {
    // np.percentile(x, [50, 95]); scipy.stats.bootstrap((x,), median, method='percentile') is 1.0, 6.0
    const [median, high] = bootstrapQuantiles(SAMPLE, [0.5, 0.95], { chance: chance() })
    expect(median?.value).toBe(3.5)
    expect(high?.value).toBeCloseTo(7.95, 12)
    expect([median?.low, median?.high]).toEqual([1, 6])
  })

  test('are the same for the same seed, and wider where the values of a task are alike', () => {
    expect(bootstrapMean(SAMPLE, { chance: chance() })).toEqual(bootstrapMean(SAMPLE, { chance: chance() }))
    const values = Array.from({ length: 200 }, (_, index): Measured => ({ task: `${index % 20}`, value: index % 20 < 9 ? 1 : 0 }))
    const clustered = bootstrapMean(values, { chance: chance() })
    const careless = bootstrapMean(apart(values.map(({ value }) => value)), { chance: chance() })
    expect(clustered.high - clustered.low).toBeGreaterThan(2.5 * (careless.high - careless.low))
  })

  test('say nothing where there is one task, and nothing at all of none', () => {
    const one = bootstrapMean([...SAMPLE.map(({ value }) => ({ task: 'same', value }))], { chance: chance() })
    expect(one).toEqual({ value: 3.875, low: -Infinity, high: Infinity })
    expect(bootstrapMean([], { chance: chance() })).toEqual({ value: NaN, low: -Infinity, high: Infinity })
    expect(bootstrapQuantiles([], [0.5], { chance: chance() })).toEqual([{ value: NaN, low: -Infinity, high: Infinity }])
  })

  test('hold the truth about as often as they say', () => {
    const draws = seededChance(11)
    let held = 0
    for (let set = 0; set < 300; set++) {
      const values = Array.from({ length: 60 }, (_, task) => ({ task: `${task}`, value: draws.hits(0.4) ? 1 : 0 }))
      const { low, high } = bootstrapMean(values, { chance: draws, resamples: 400 })
      if (low <= 0.4 && high >= 0.4) held += 1
    }
    expect(held / 300).toBeGreaterThan(0.9)
    expect(held / 300).toBeLessThan(0.985)
  })
})

describe('two agents on the same cases', () => {
  test.each([
    // statsmodels.stats.contingency_tables.mcnemar([[10, b], [c, 10]], exact=True).pvalue; 121 and 59 are the example of Wikipedia, McNemar's test
    [121, 59, 4.4344492637551645e-6],
    [5, 15, 0.04138946533203125],
    [1, 9, 0.021484375],
    [2, 30, 2.4633482098579407e-7],
    [3, 3, 1],
    [0, 0, 1],
    [4_000, 4_200, 0.027972423571324654],
  ])('that differ on %d and %d cases do so by chance with the known probability', (better, worse, p) => {
    expect(mcNemar(better, worse) / p).toBeCloseTo(1, 9)
    expect(mcNemar(worse, better)).toBe(mcNemar(better, worse))
  })

  test('are told apart by the signs of their tasks where each has several cases', () => {
    // scipy.stats.permutation_test((d,), sum, permutation_type='samples', n_resamples=np.inf).pvalue
    const found = signFlips(Float64Array.of(1, -0.5, 0.5, 1, 0, 0.25, -0.25, 1), chance())
    expect(found).toEqual({ method: 'sign flips by task, exact', p: 0.15625 })
  })

  test('get nearly the same from ways that are drawn as from all ways', () => {
    const sums = Float64Array.from({ length: 15 }, (_, index) => (index < 11 ? 1 : -1))
    const drawn = signFlips(sums, chance())
    expect(drawn.method).toBe('sign flips by task, drawn')
    expect(drawn.p).toBeCloseTo(mcNemar(11, 4), 2)
  })

  const pairs = (count: number, of: (index: number) => readonly [number, number], task = (index: number) => `${index}`): Pair[] =>
    Array.from({ length: count }, (_, index) => {
      const [baseline, candidate] = of(index)
      return { task: task(index), baseline, candidate }
    })

  test('are compared case by case while each task is one case that passed or failed, else task by task', () => {
    const worse = pairedTest(
      pairs(100, (index) => [index < 60 ? 1 : 0, index < 45 ? 1 : 0]),
      { chance: chance() },
    )
    expect(worse).toMatchObject({ method: 'McNemar, exact', verdict: 'worse', better: 0, worse: 15, pairs: 100, tasks: 100 })
    expect(worse.difference.value).toBeCloseTo(-0.15, 12)
    expect(worse.difference.high).toBeLessThan(0)
    const epochs = pairedTest(
      pairs(100, (index) => [0.5, index % 2 === 0 ? 0.75 : 0.25]),
      { chance: chance() },
    )
    expect(epochs).toMatchObject({ method: 'sign flips by task, drawn', verdict: 'no difference shown', better: 50, worse: 50 })
    const oneTask = pairedTest(
      pairs(
        30,
        () => [1, 0],
        () => 'the same',
      ),
      { chance: chance() },
    )
    expect(oneTask).toMatchObject({ tasks: 1, p: 1, verdict: 'no difference shown' })
  })

  test.each([
    ['none', 0, [1, 1]],
    ['one', 1, [0, 1]],
    ['only passes', 50, [1, 1]],
    ['only failures', 50, [0, 0]],
  ] as const)('show no difference on %s', (_, count, of) => {
    expect(
      pairedTest(
        pairs(count, () => of),
        { chance: chance() },
      ),
    ).toMatchObject({ p: 1, verdict: 'no difference shown' })
  })
})

describe('k tries', () => {
  test('are what the paper of HumanEval counts: 1 - C(n-c, k) / C(n, k)', () => {
    // Chen et al., Evaluating Large Language Models Trained on Code (2021), section 2.1, with n = 10 and c = 3: math.comb of Python
    const task = [{ tried: 10, passed: 3 }]
    expect([1, 2, 5].map((k) => passAtK(task, k).value)).toEqual([
      expect.closeTo(0.3, 12),
      expect.closeTo(0.5333333333333333, 12),
      expect.closeTo(0.9166666666666666, 12),
    ])
  })

  test('all pass as often as tau-bench counts: C(c, k) / C(n, k)', () => {
    const task = [{ tried: 10, passed: 7 }]
    expect([1, 2, 5].map((k) => passHatK(task, k).value)).toEqual([
      expect.closeTo(0.7, 12),
      expect.closeTo(0.4666666666666667, 12),
      expect.closeTo(0.08333333333333333, 12),
    ])
  })

  test('are what all ways of choosing k of n tries give', () => {
    const choices = (tries: readonly boolean[], k: number): (readonly boolean[])[] =>
      k === 0 ? [[]] : tries.flatMap((first, at) => choices(tries.slice(at + 1), k - 1).map((rest) => [first, ...rest]))
    for (let tried = 1; tried <= 6; tried++)
      for (let passed = 0; passed <= tried; passed++)
        for (let k = 1; k <= tried; k++) {
          const all = choices(
            Array.from({ length: tried }, (_, index) => index < passed),
            k,
          )
          const share = (fits: (chosen: readonly boolean[]) => boolean): number => all.filter(fits).length / all.length
          expect(passAtK([{ tried, passed }], k).value).toBeCloseTo(
            share((chosen) => chosen.some(Boolean)),
            12,
          )
          expect(passHatK([{ tried, passed }], k).value).toBeCloseTo(
            share((chosen) => chosen.every(Boolean)),
            12,
          )
        }
  })

  test('are a mean over the tasks that were tried as often, and say of how many', () => {
    const tasks = [
      { tried: 2, passed: 2 },
      { tried: 2, passed: 1 },
      { tried: 1, passed: 1 },
    ]
    expect(passHatK(tasks, 2)).toEqual({ k: 2, value: 0.5, tasks: 2 })
    expect(passHatK(tasks, 3)).toEqual({ k: 3, value: undefined, tasks: 0 })
    expect(passAtK([], 1)).toEqual({ k: 1, value: undefined, tasks: 0 })
  })
})

describe('the smallest change that a set can show', () => {
  test.each([
    // scipy.optimize.brentq over Connor's formula (Biometrics 43, 1987): n = (z_a sqrt(psi) + z_b sqrt(psi - d^2))^2 / d^2
    [100, 0.2, 0.1238193314844138],
    [500, 0.1, 0.039527051860739314],
    [97, 0.3, 0.15391792617097255],
  ])('of %d pairs of which %d differ is the computed one', (count, discordance, change) => {
    expect(smallestPairedChange(count, discordance)).toBeCloseTo(change, 9)
  })

  test.each([
    // scipy.optimize.brentq over n = (z_a sqrt(2 p q) + z_b sqrt(p1 q1 + p2 q2))^2 / d^2 (Fleiss, Levin, Paik, 3rd edition, 4.14)
    [97, 0.5, 0.19604280207037608, 0.19604280207037608],
    [100, 0.43, 0.1861665289704724, 0.19662059747698943],
    [385, 0.6, 0.10030540549560865, 0.09628142732497226],
  ])('of two sets of %d cases from %d on is the computed one', (count, from, down, up) => {
    const found = smallestUnpairedChange(count, from)
    expect(found.down).toBeCloseTo(down, 9)
    expect(found.up).toBeCloseTo(up, 9)
  })

  test('is none where the set is too small, or nothing can change', () => {
    expect(smallestPairedChange(3, 0.2)).toBeUndefined()
    expect(smallestPairedChange(100, 0)).toBeUndefined()
    expect(smallestPairedChange(0, 0.5)).toBeUndefined()
    expect(smallestUnpairedChange(100, 0).down).toBeUndefined()
    expect(smallestUnpairedChange(0, 0.5)).toEqual({ down: undefined, up: undefined })
  })

  test('from a standard error is 2.8 of it', () => {
    expect(smallestChangeOf(0.05)).toBeCloseTo((1.959963984540054 + 0.8416212335729143) * 0.05, 12)
  })
})

describe('a judge and a person', () => {
  const judged = (table: readonly (readonly number[])[]): Judged[] =>
    table.flatMap((row, judge) =>
      row.flatMap((count, label) => Array.from({ length: count }, () => ({ judge: `${judge}`, label: `${label}` }))),
    )

  test.each([
    // statsmodels.stats.inter_rater.cohens_kappa(table): the first is the example of Cohen (1960) with 200 cases, the others of Wikipedia, Cohen's kappa
    [
      [
        [88, 10, 2],
        [14, 40, 6],
        [18, 10, 12],
      ],
      0.49152542372881347,
      0.3915637020535469,
      0.59148714540408,
    ],
    [
      [
        [20, 5],
        [10, 15],
      ],
      0.4,
      0.151092290476661,
      0.6489077095233389,
    ],
    [
      [
        [45, 15],
        [25, 15],
      ],
      0.13043478260869554,
      -0.06293827779258965,
      0.3238078430099807,
    ],
  ])('agree beyond chance as published: %j', (table, value, low, high) => {
    const { kappa } = agreementOf(judged(table))
    expect(kappa?.value).toBeCloseTo(value, 12)
    expect(kappa?.low).toBeCloseTo(low, 9)
    expect(kappa?.high).toBeCloseTo(high, 9)
  })

  test('who always say the same one thing leave chance nothing, and of no case nothing is known', () => {
    expect(agreementOf(judged([[10]]))).toMatchObject({ cases: 10, accuracy: { value: 1, high: 1 }, kappa: undefined })
    expect(agreementOf([])).toMatchObject({ cases: 0, accuracy: { value: NaN, low: 0, high: 1 }, kappa: undefined })
    expect(
      agreementOf(
        judged([
          [0, 5],
          [5, 0],
        ]),
      ).kappa?.value,
    ).toBe(-1)
  })
})

describe('calls and their places', () => {
  test('are paired as often as they can be', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), { maxLength: 5 }), (fits) => {
        const found = largestMatching(fits.length, 5, (left, right) => fits[left]?.[right] === true)
        const places = found.filter((place) => place !== undefined)
        expect(new Set(places).size).toBe(places.length)
        found.forEach((place, left) => {
          if (place !== undefined) expect(fits[left]?.[place]).toBe(true)
        })
        const most = (left: number, taken: ReadonlySet<number>): number =>
          left === fits.length
            ? 0
            : Math.max(
                most(left + 1, taken),
                ...[0, 1, 2, 3, 4]
                  .filter((p) => fits[left]?.[p] === true && !taken.has(p))
                  .map((p) => 1 + most(left + 1, new Set([...taken, p]))),
              )
        expect(places.length).toBe(most(0, new Set()))
      }),
    )
  })
})

describe('10,000 cases of 4 epochs', () => {
  test('take a second or two', () => {
    const draws = seededChance(3)
    const values = Array.from({ length: 40_000 }, (_, index): Measured => ({ task: `${index >> 2}`, value: draws.next() }))
    const pairs = Array.from({ length: 10_000 }, (_, index): Pair => ({
      task: `${index}`,
      baseline: draws.below(5) / 4,
      candidate: draws.below(5) / 4,
    }))
    const began = process.cpuUsage()
    expect(bootstrapMean(values, { chance: draws }).value).toBeCloseTo(0.5, 1)
    expect(bootstrapQuantiles(values, [0.5, 0.95], { chance: draws })[1]?.value).toBeCloseTo(0.95, 1)
    expect(pairedTest(pairs, { chance: draws }).verdict).toBe('no difference shown')
    expect(fairCoinTail(50_000, 100_000)).toBeCloseTo(0.5012615631070978, 8) // scipy.stats.binom.cdf(50000, 100000, .5)
    expect(process.cpuUsage(began).user / 1e6).toBeLessThan(4)
  })
})
