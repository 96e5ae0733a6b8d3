import { describe, expect, test } from 'vitest'
import type { Attempt } from '../../../src/evals/report/attempt.ts'
import { parseGate } from '../../../src/evals/report/gate.ts'
import { reportBlocks, type ReportTable } from '../../../src/evals/report/report-blocks.ts'
import { evalReport, type ReportInput } from '../../../src/evals/report/report.ts'
import { trendPoint, trendTable } from '../../../src/evals/report/trend.ts'
import { trendSvg } from '../../../src/pictures/trend-svg.ts'
import { textTable } from '../../../src/cli/text-table.ts'

interface Made {
  readonly cases: number
  readonly epochs?: number
  readonly passes: (index: number, epoch: number) => boolean
  readonly task?: (index: number) => string
  readonly problem?: (index: number, epoch: number) => string | undefined
  readonly value?: (index: number) => number
  readonly latencyMs?: (index: number) => number
}

const attempts = ({ cases, epochs = 1, passes, task = (index) => `t${index}`, problem, value, latencyMs = () => 100 }: Made): Attempt[] =>
  Array.from({ length: cases * epochs }, (_, at) => {
    const [index, epoch] = [Math.floor(at / epochs), (at % epochs) + 1]
    const passed = passes(index, epoch)
    const why = problem?.(index, epoch)
    return {
      runId: `run-${index}-${epoch}`,
      caseId: `c${index}`,
      task: task(index),
      epoch,
      scores: [
        { name: 'answer', value: value?.(index) ?? (passed ? 1 : 0), passed, note: passed ? 'good' : 'another answer', revision: 7 },
        { name: 'budget', value: 1, passed: true, note: 'within' },
      ],
      spent: { costMicroUsd: 2_000, inputTokens: 100, outputTokens: 20, latencyMs: latencyMs(index) },
      ...(why === undefined ? {} : { problem: why }),
    }
  })

const report = (candidate: Made, { baseline, ...others }: Partial<Omit<ReportInput, 'baseline'>> & { readonly baseline?: Made } = {}) =>
  evalReport({
    candidate: { agent: 'support@2', attempts: attempts(candidate) },
    ...(baseline === undefined ? {} : { baseline: { agent: 'support@1', attempts: attempts(baseline) } }),
    scorers: ['answer', 'budget'],
    ...others,
  })

const gated = (gate: string, candidate: Made, baseline?: Made) =>
  report(candidate, { gates: [parseGate(gate, ['answer', 'budget'])], ...(baseline === undefined ? {} : { baseline }) })

const text = (of: ReturnType<typeof report>): string =>
  reportBlocks(of)
    .flatMap((block) => (typeof block === 'string' ? [block] : textTable(block.columns, block.rows, 200)))
    .join('\n')

describe('a report', () => {
  test('of cases that were run once has Wilson intervals, by scorer and by all of them', () => {
    const found = report({ cases: 100, passes: (index) => index < 43 })
    expect(found).toMatchObject({ runs: 100, cases: 100, tasks: 100, epochs: 1, passed: true })
    expect(found.accuracy.passed).toMatchObject({ value: 0.43, method: 'Wilson' })
    expect(found.accuracy.passed.low).toBeCloseTo(0.3373, 4) // statsmodels proportion_confint(43, 100, method='wilson')
    expect(found.scorers.map(({ name, passed }) => [name, passed.value])).toEqual([
      ['answer', 0.43],
      ['budget', 1],
    ])
    expect(found.usage).toMatchObject({ costMicroUsd: 200_000, costMicroUsdPerRun: 2_000, tokensPerRun: 120, p50: { value: 100 } })
  })

  test('of epochs draws whole tasks, and has pass@k and pass^k', () => {
    // 50 tasks of two tries each: 20 pass both, 10 one of them.
    const found = report({ cases: 50, epochs: 2, passes: (index, epoch) => index < 20 || (index < 30 && epoch === 1) })
    expect(found.accuracy.passed).toMatchObject({ value: 0.5, method: 'bootstrap over tasks' })
    const careless = report({ cases: 100, passes: (index) => index < 50 }).accuracy.passed
    expect(found.accuracy.passed.high! - found.accuracy.passed.low!).toBeGreaterThan(careless.high! - careless.low!)
    expect(found.accuracy.passHatK.map(({ value }) => value)).toEqual([0.5, 0.4])
    expect(found.accuracy.passAtK.map(({ value }) => value)).toEqual([0.5, expect.closeTo(0.6, 12)])
  })

  test('counts several cases of one task as tries of it', () => {
    const found = report({ cases: 100, passes: (index) => index < 43, task: (index) => `t${index % 50}` })
    expect(found).toMatchObject({ cases: 100, tasks: 50 })
    expect(found.accuracy.passHatK).toHaveLength(2)
    expect(found.accuracy.passed.method).toBe('bootstrap over tasks')
  })

  test('tells flaky cases from broken ones, and both from runs that did not come to their end', () => {
    const found = report({
      cases: 4,
      epochs: 3,
      passes: (index, epoch) => index === 0 || (index === 1 && epoch === 2),
      problem: (index, epoch) => (index === 3 ? 'the model is away' : index === 0 && epoch === 3 ? 'the process died' : undefined),
    })
    const { flaky, broken, errors } = found.standing
    expect(flaky.map(({ caseId, passed, epochs }) => [caseId, passed, epochs])).toEqual([
      ['c0', 2, 3],
      ['c1', 1, 3],
    ])
    expect(broken.map(({ caseId }) => caseId)).toEqual(['c2', 'c3'])
    expect(broken[0]?.lost[0]).toEqual({ runId: 'run-2-1', epoch: 1, scorer: 'answer', note: 'another answer', revision: 7 })
    expect(errors.map(({ runId, note }) => [runId, note])).toEqual([
      ['run-0-3', 'the process died'],
      ['run-3-1', 'the model is away'],
      ['run-3-2', 'the model is away'],
      ['run-3-3', 'the model is away'],
    ])
    expect(found.accuracy.passed.value).toBeCloseTo(3 / 12, 12)
  })

  test('takes a score that is missing for one that was not passed', () => {
    const found = report({ cases: 2, passes: () => true }, { scorers: ['answer', 'tone'] })
    expect(found.accuracy.passed.value).toBe(0)
    expect(found.standing.broken[0]?.lost[0]).toMatchObject({ scorer: 'tone', note: 'it was not scored' })
    expect(report({ cases: 2, passes: () => true }, { scorers: [] }).accuracy.passed.value).toBe(0)
  })

  test('is the same for the same runs, in whatever order they ended', () => {
    const made: Made = { cases: 40, epochs: 3, passes: (index, epoch) => (index * 7 + epoch) % 3 > 0 }
    const all = attempts(made)
    const input = { scorers: ['answer'], baseline: { agent: 'b', attempts: attempts({ ...made, passes: (index) => index % 2 > 0 }) } }
    const one = evalReport({ candidate: { agent: 'a', attempts: all }, ...input })
    expect(evalReport({ candidate: { agent: 'a', attempts: [...all].reverse() }, ...input })).toEqual(one)
    expect(JSON.parse(JSON.stringify(one))).toEqual(one)
  })

  test.each([
    ['no case', 0, 1],
    ['one case', 1, 1],
    ['one case of four epochs', 1, 4],
  ])('of %s is JSON, and says nothing that it does not know', (_, cases, epochs) => {
    const found = report({ cases, epochs, passes: () => true }, { baseline: { cases, epochs, passes: () => true } })
    expect(JSON.parse(JSON.stringify(found))).toEqual(found)
    expect(found.accuracy.passed.low).toBeLessThan(0.3)
    expect(found.accuracy.comparison).toMatchObject({ verdict: 'no difference shown', p: 1 })
    expect(text(found)).not.toMatch(/NaN|Infinity|undefined/)
  })

  test.each([
    ['all pass', true],
    ['none passes', false],
  ])('where %s, in all epochs, leaves room for tasks that were not tried', (_, passes) => {
    const { passed } = report({ cases: 20, epochs: 4, passes: () => passes }).accuracy
    expect(passed.method).toBe('Wilson over tasks')
    expect(passed.high! - passed.low!).toBeCloseTo(0.1611, 4) // Newcombe (1998), table I: 0 of 20
  })

  test('has means of scorers that give more than passed or not', () => {
    const [answer, budget] = report({ cases: 10, passes: (index) => index > 4, value: (index) => index / 10 }).scorers
    expect(answer?.mean?.value).toBeCloseTo(0.45, 12)
    expect(budget).not.toHaveProperty('mean')
  })

  test('says how far a judge agrees with people', () => {
    const labels = new Map(
      Array.from({ length: 40 }, (_, index) => [`c${index}`, { answer: index < 18 || index > 36 ? 'pass' : 'fail' }] as const),
    )
    const [answer, budget] = report({ cases: 50, passes: (index) => index < 20 }, { labels }).scorers
    expect(answer?.agreement).toMatchObject({ cases: 40, accuracy: { value: 35 / 40 } })
    expect(answer?.agreement?.kappa?.value).toBeCloseTo(0.75, 2)
    expect(budget).not.toHaveProperty('agreement')
  })
})

describe('a report against a baseline', () => {
  const half: Made = { cases: 100, passes: (index) => index < 50 }

  test('shows a change for the worse on the same cases, and the smallest that it could have shown', () => {
    const { accuracy } = report({ cases: 100, passes: (index) => index < 38 }, { baseline: half })
    expect(accuracy.comparison).toMatchObject({
      verdict: 'worse',
      method: 'McNemar, exact',
      worse: 12,
      better: 0,
      baseline: { value: 0.5 },
    })
    expect(accuracy.comparison?.difference.value).toBeCloseTo(-0.12, 12)
    expect(accuracy.smallestChange.paired).toBeCloseTo(0.1, 1)
    expect(accuracy.smallestChange.down).toBeGreaterThan(accuracy.smallestChange.paired ?? 1)
  })

  test('shows none where it is the same, and none that chance explains', () => {
    expect(report(half, { baseline: half }).accuracy.comparison).toMatchObject({
      verdict: 'no difference shown',
      better: 0,
      worse: 0,
      p: 1,
    })
    const noise = report({ cases: 100, passes: (index) => index < 46 || (index > 50 && index < 54) }, { baseline: half })
    expect(noise.accuracy.comparison).toMatchObject({ verdict: 'no difference shown', better: 3, worse: 4 })
  })

  test('goes by the tasks where there are epochs', () => {
    const before: Made = { cases: 30, epochs: 4, passes: (index, epoch) => (index + epoch) % 2 === 0 }
    const better: Made = { ...before, passes: (index, epoch) => (index + epoch) % 4 !== 0 }
    expect(report(better, { baseline: before }).accuracy.comparison).toMatchObject({
      verdict: 'better',
      method: 'sign flips by task, drawn',
      tasks: 30,
    })
  })

  test('compares only what both have run', () => {
    const { accuracy } = report(half, { baseline: { cases: 60, passes: () => true } })
    expect(accuracy.comparison).toMatchObject({ pairs: 60, worse: 10 })
  })

  test('takes seconds for 10,000 cases of 4 epochs', () => {
    const made: Made = { cases: 10_000, epochs: 4, passes: (index, epoch) => (index * 31 + epoch * 17) % 5 > 1 }
    const began = process.cpuUsage()
    expect(report(made, { baseline: { ...made, passes: (index, epoch) => (index * 13 + epoch) % 5 > 1 } }).runs).toBe(40_000)
    expect(process.cpuUsage(began).user / 1e6).toBeLessThan(8)
  })
})

describe('a gate', () => {
  const made: Made = {
    cases: 10,
    epochs: 2,
    passes: (index, epoch) => index < 8 || (index === 8 && epoch === 1),
    latencyMs: (index) => index * 100,
  }

  test.each([
    ['accuracy >= 0.8', true],
    ['accuracy >= 85 %', true],
    ['accuracy > 0.85', false],
    ['accuracy.low >= 0.8', false],
    ['answer>=0.9', false],
    ['budget >= 1', true],
    ['pass^2 >= 0.8', true],
    ['pass@2 >= 0.91', false],
    ['pass^3 >= 0', false],
    ['cost <= 0.04', true],
    ['cost < 0.04', false],
    ['costPerRun <= 0.002', true],
    ['tokensPerRun <= 119', false],
    ['p95 <= 899', false],
    ['p50 <= 450', true],
    ['errors <= 0', true],
    ['flaky <= 0', false],
    ['broken <= 1', true],
    ['not worse than baseline', false],
  ])('%s: %s', (gate, holds) => {
    const found = gated(gate, made)
    expect(found.gates).toEqual([{ gate: gate.trim(), holds, reason: expect.any(String) as string }])
    expect(found.passed).toBe(holds)
  })

  test('may name a scorer whatever it is called', () => {
    const gates = [parseGate('constructor >= 0', ['constructor'])]
    expect(report(made, { scorers: ['constructor'], gates }).gates).toEqual([
      { gate: 'constructor >= 0', holds: true, reason: 'constructor is 0' },
    ])
  })

  test('against a baseline goes by the paired test', () => {
    const before: Made = { cases: 60, passes: (index) => index < 30 }
    const worse: Made = { cases: 60, passes: (index) => index < 15 }
    expect(gated('not worse than baseline', worse, before).gates[0]).toMatchObject({
      holds: false,
      reason: 'worse: 0 better and 15 worse of 60, p = 6.1e-5',
    })
    expect(gated('not worse than baseline', before, before).passed).toBe(true)
    expect(gated('better than baseline', before, before).passed).toBe(false)
    expect(gated('better than baseline', before, worse).passed).toBe(true)
    expect(gated('budget not worse than baseline', worse, before).passed).toBe(true)
  })

  test.each([
    'accuracy',
    'accuracy = 0.8',
    'acuracy >= 0.8',
    'tone >= 0.8',
    'tone not worse than baseline',
    'accuracy >= high',
    'constructor >= 0',
    '',
    '>= 1',
    `a${' '.repeat(50_000)}b`,
  ])('that nobody can judge is refused: %#', (gate) => {
    expect(() => parseGate(gate, ['answer'])).toThrow(/^Expected a gate /)
  })
})

describe('a report in words', () => {
  const found = report(
    {
      cases: 30,
      epochs: 2,
      passes: (index, epoch) => index < 10 || (index < 20 && epoch === 1),
      problem: (index) => (index === 29 ? 'the model is away' : undefined),
    },
    { baseline: { cases: 30, epochs: 2, passes: (index) => index < 25 }, gates: [parseGate('not worse than baseline', [])] },
  )

  test('says all of it, and what it cannot show', () => {
    const words = text(found)
    for (const line of [
      /^support@2: 60 runs of 30 cases in 30 tasks, 2 epochs; baseline support@1: 60 runs$/m,
      /^answer\s+50\.0 %\s+\d+\.\d % to \d+\.\d % \(bootstrap over tasks\)\s+83\.3 %\s+-33\.3 pt\s+worse \(p = /m,
      /^all of them\s+50\.0 %/m,
      /^\s*2\s+66\.7 %\s+33\.3 %\s+30$/m,
      /^Against the baseline: worse\. Of 30 cases in 30 tasks, 0 better and 15 worse; change -33\.3 pt \(-\d+\.\d pt to -\d+\.\d pt\)/m,
      /^3 comparisons were made: one in 20/m,
      /^Smallest change that this set can show, in 8 of 10 evals: \d+\.\d pt against a baseline on the same cases;/m,
      /^Broken: no epoch passes: 10 cases$/m,
      /^Flaky: epochs disagree: 10 cases$/m,
      /^1\/2\s+run-10-2\s+7\s+answer\s+another answer$/m,
      /^Did not come to their end: 2 runs$/m,
      /^not worse than baseline\s+NO\s+worse: /m,
    ])
      expect(words).toMatch(line)
  })

  test('shows the first ten of many that were lost', () => {
    const words = text(report({ cases: 500, passes: () => false }))
    expect(words).toMatch(/Failed in their one epoch: 500 cases, the first 10 of them/)
    expect(words.split('\n').length).toBeLessThan(30)
  })
})

describe('a trend', () => {
  const points = [20, 35, 5].map((passing, version) =>
    trendPoint(
      { ...report({ cases: 50, passes: (index) => index < passing }), agent: `support@${version + 1}` },
      { dataset: 'abc', at: version },
    ),
  )

  test('has a row for each version', () => {
    const { columns, rows }: ReportTable = trendTable(points)
    expect(rows.map(([agent, , , passed]) => [agent, passed])).toEqual([
      ['support@1', '40.0 %'],
      ['support@2', '70.0 %'],
      ['support@3', '10.0 %'],
    ])
    expect(rows.every(({ length }) => length === columns.length)).toBe(true)
  })

  const plot = (label: (index: number) => string, name = 'accuracy'): string =>
    trendSvg({ title: label(0), lines: [{ name, spots: points.map(({ accuracy }, index) => ({ label: label(index), ...accuracy })) }] })

  test('is drawn with the interval of each version, for light and for dark', () => {
    const svg = plot((index) => `support@${index + 1}`)
    expect(svg.match(/<circle class="spot"/g)).toHaveLength(4)
    expect(svg.match(/class="bar"/g)).toHaveLength(3)
    expect(svg).toContain('<title>support@2: accuracy 70.0 %, 56.2 % to 80.9 %</title>') // proportion_confint(35, 50, method='wilson')
    expect(svg).toContain('prefers-color-scheme:dark')
  })

  test('keeps what versions and scorers are called from becoming markup', () => {
    const svg = plot(() => `"><script>alert(1)</script>\u202e${'x'.repeat(10_000)}`, "<img src=x onerror='1'>")
    expect(svg).not.toMatch(/<script|<img|onerror='/)
    expect(svg).not.toContain('\u202e')
    expect(svg.length).toBeLessThan(12_000)
  })

  test('shows short names as they are', () => {
    expect(plot((index) => `<b>&${index}`, '"a"')).toContain('>&lt;b&gt;&amp;1</text>')
    expect(plot((index) => `<b>&${index}`)).not.toContain('<b>')
  })

  test('of nothing, of many and of unknown values is a picture too', () => {
    expect(trendSvg({ title: '', lines: [] })).toMatch(/^<svg /)
    const spots = Array.from({ length: 1_000 }, (_, index) => ({
      label: `v${index}`,
      value: index % 3 === 0 ? null : 0.5,
      low: null,
      high: null,
    }))
    const svg = trendSvg({ title: 'many', lines: Array.from({ length: 20 }, (_, index) => ({ name: `s${index}`, spots })) })
    expect(svg).not.toMatch(/NaN|null|undefined|Infinity/)
    expect(svg.length).toBeLessThan(500_000)
  })
})
