import { count, duration, money } from '../../projections/amount-text.ts'
import type { ReportedEstimate } from './estimates.ts'
import type { EvalReport } from './report.ts'
import { percent, type ReportTable } from './report-blocks.ts'

/** How one version did. */
export interface TrendPoint {
  /** `name@version`. */
  readonly agent: string
  readonly dataset: string
  /** When it was run; ms since the epoch. */
  readonly at: number
  readonly runs: number
  readonly accuracy: ReportedEstimate
  readonly scorers: Readonly<Record<string, ReportedEstimate>>
  readonly costMicroUsdPerRun: number
  readonly tokensPerRun: number
  readonly p50: ReportedEstimate
  readonly p95: ReportedEstimate
  readonly flaky: number
  readonly broken: number
  readonly errors: number
}

export const trendPoint = (report: EvalReport, { dataset, at }: Pick<TrendPoint, 'dataset' | 'at'>): TrendPoint => {
  const { agent, runs, accuracy, scorers, usage, standing } = report
  return {
    agent,
    dataset,
    at,
    runs,
    accuracy: ends(accuracy.passed),
    scorers: Object.fromEntries(scorers.map(({ name, passed }) => [name, ends(passed)])),
    costMicroUsdPerRun: usage.costMicroUsdPerRun,
    tokensPerRun: usage.tokensPerRun,
    p50: usage.p50,
    p95: usage.p95,
    flaky: standing.flaky.length,
    broken: standing.broken.length,
    errors: standing.errors.length,
  }
}

const ends = ({ value, low, high }: ReportedEstimate): ReportedEstimate => ({ value, low, high })

/** Versions one below the other, as they are given. */
export const trendTable = (points: readonly TrendPoint[]): ReportTable => ({
  columns: [
    { title: 'VERSION' },
    { title: 'DATASET' },
    { title: 'RUNS', align: 'right' },
    { title: 'PASSED', align: 'right' },
    { title: '95 %' },
    { title: 'A RUN', align: 'right' },
    { title: 'TOKENS', align: 'right' },
    { title: 'P50', align: 'right' },
    { title: 'P95', align: 'right' },
    { title: 'FLAKY', align: 'right' },
    { title: 'BROKEN', align: 'right' },
    { title: 'ERRORS', align: 'right' },
  ],
  rows: points.map((point) => [
    point.agent,
    point.dataset,
    count(point.runs),
    percent(point.accuracy.value),
    `${percent(point.accuracy.low)} to ${percent(point.accuracy.high)}`,
    money(point.costMicroUsdPerRun),
    count(Math.round(point.tokensPerRun)),
    point.p50.value === null ? '-' : duration(point.p50.value),
    point.p95.value === null ? '-' : duration(point.p95.value),
    count(point.flaky),
    count(point.broken),
    count(point.errors),
  ]),
})
