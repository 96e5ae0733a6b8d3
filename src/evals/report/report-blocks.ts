import { count, counted, duration, money } from '../../projections/amount-text.ts'
import type { ReportedEstimate } from './estimates.ts'
import { pText } from './gate.ts'
import type { Measure, SmallestChange } from './measure.ts'
import type { EvalReport, ScorerMeasure } from './report.ts'
import type { LostCase, LostRun } from './standing.ts'
import type { Usage } from './usage.ts'

/** A table as a terminal or a page shows it. */
export interface ReportTable {
  readonly columns: readonly ReportColumn[]
  readonly rows: readonly (readonly string[])[]
}

export interface ReportColumn {
  readonly title: string
  readonly align?: 'right'
  /** The one that gives way where there is no room. */
  readonly flexible?: true
}

/** A report for people: tables, and sentences between them. */
export const reportBlocks = (report: EvalReport): readonly (ReportTable | string)[] => [
  `${report.agent}: ${counted(report.runs, 'run')} of ${counted(report.cases, 'case')} in ${counted(report.tasks, 'task')}, ${counted(report.epochs, 'epoch')}${report.baseline === undefined ? '' : `; baseline ${report.baseline.agent}: ${counted(report.baseline.runs, 'run')}`}`,
  scorerTable(report),
  ...kTable(report.accuracy),
  usageTable(report),
  ...comparisonLines(report.accuracy, report.scorers),
  smallestLine(report.accuracy),
  ...report.scorers.flatMap(agreementLine),
  ...lostBlocks(report),
  ...gateTable(report),
]

export const percent = (value: number | null): string => (value === null ? '-' : `${(value * 100).toFixed(1)} %`)

const interval = ({ low, high }: ReportedEstimate, text: (value: number) => string): string =>
  low === null || high === null ? 'not known' : `${text(low)} to ${text(high)}`

const scorerTable = ({ accuracy, scorers, baseline }: EvalReport): ReportTable => {
  const measures: readonly ScorerMeasure[] = scorers.length === 1 ? scorers : [...scorers, accuracy]
  return {
    columns: [
      { title: 'SCORER' },
      { title: 'PASSED', align: 'right' },
      { title: '95 %' },
      { title: 'MEAN', align: 'right' },
      ...(baseline === undefined
        ? []
        : [{ title: 'BASELINE', align: 'right' as const }, { title: 'CHANGE', align: 'right' as const }, { title: 'VERDICT' }]),
    ],
    rows: measures.map(({ name, passed, mean, comparison }) => [
      name === accuracy.name ? 'all of them' : name,
      percent(passed.value),
      `${interval(passed, (value) => percent(value))} (${passed.method})`,
      mean === undefined ? '' : (mean.value ?? 0).toFixed(3),
      ...(comparison === undefined
        ? []
        : [percent(comparison.baseline.value), points(comparison.difference.value), `${comparison.verdict} (p = ${pText(comparison.p)})`]),
    ]),
  }
}

/** Of percentage points. */
const points = (difference: number | null): string =>
  difference === null ? '-' : `${difference > 0 ? '+' : ''}${(difference * 100).toFixed(1)} pt`

const kTable = ({ passAtK, passHatK }: Measure): readonly ReportTable[] => {
  if (passHatK.length < 2) return []
  return [
    {
      columns: [
        { title: 'TRIES', align: 'right' },
        { title: 'ONE PASSES (pass@k)', align: 'right' },
        { title: 'ALL PASS (pass^k)', align: 'right' },
        { title: 'TASKS', align: 'right' },
      ],
      rows: passHatK.map(({ k, value, tasks }, index) => [
        String(k),
        percent(passAtK[index]?.value ?? null),
        percent(value ?? null),
        count(tasks),
      ]),
    },
  ]
}

const usageTable = ({ agent, usage, baseline }: EvalReport): ReportTable => ({
  columns: [
    { title: 'USED BY' },
    { title: 'COST', align: 'right' },
    { title: 'A RUN', align: 'right' },
    { title: 'TOKENS A RUN', align: 'right' },
    { title: 'P50', align: 'right' },
    { title: '95 %' },
    { title: 'P95', align: 'right' },
    { title: '95 %' },
  ],
  rows: [usageRow(agent, usage), ...(baseline === undefined ? [] : [usageRow(baseline.agent, baseline.usage)])],
})

const usageRow = (agent: string, { costMicroUsd, costMicroUsdPerRun, tokensPerRun, p50, p95 }: Usage): readonly string[] => [
  agent,
  money(costMicroUsd),
  money(costMicroUsdPerRun),
  count(Math.round(tokensPerRun)),
  ...[p50, p95].flatMap((each) => [each.value === null ? '-' : duration(each.value), interval(each, duration)]),
]

const comparisonLines = ({ comparison }: Measure, scorers: readonly ScorerMeasure[]): readonly string[] => {
  if (comparison === undefined) return []
  const { pairs, tasks, better, worse, method, difference, verdict, p } = comparison
  const found = `Against the baseline: ${verdict}. Of ${counted(pairs, 'case')} in ${counted(tasks, 'task')}, ${better} better and ${worse} worse; change ${points(difference.value)} (${interval(difference, points)}), p = ${pText(p)} (${method})`
  return scorers.length < 2
    ? [found]
    : [found, `${scorers.length + 1} comparisons were made: one in 20 of them shows a difference that is none`]
}

const smallestLine = ({ smallestChange }: Measure): string =>
  `Smallest change that this set can show, in 8 of 10 evals: ${smallestText(smallestChange)}`

const smallestText = ({ paired, down, up }: SmallestChange): string => {
  const size = (change: number | null): string => (change === null ? 'none' : `${(change * 100).toFixed(1)} pt`)
  const unpaired =
    down === null && up === null ? 'no change of any size against other cases' : `${size(down)} down, ${size(up)} up against other cases`
  return paired === undefined ? unpaired : `${size(paired)} against a baseline on the same cases; ${unpaired}`
}

const agreementLine = ({ name, agreement }: ScorerMeasure): readonly string[] => {
  if (agreement === undefined) return []
  const { cases, accuracy, kappa } = agreement
  const beyond =
    kappa === null ? 'kappa is not known' : `kappa ${kappa.value?.toFixed(2) ?? '-'} (${interval(kappa, (value) => value.toFixed(2))})`
  return [
    `${name} agrees with people on ${percent(accuracy.value)} of ${counted(cases, 'case')} (${interval(accuracy, (value) => percent(value))}), ${beyond}`,
  ]
}

const MOST_LOST = 10

const lostBlocks = ({ standing: { flaky, broken, errors }, epochs }: EvalReport): readonly (ReportTable | string)[] => [
  ...lostTable(epochs < 2 ? 'Failed in their one epoch' : 'Broken: no epoch passes', broken),
  ...lostTable('Flaky: epochs disagree', flaky),
  ...(errors.length === 0
    ? []
    : [`Did not come to their end: ${counted(errors.length, 'run')}`, runTable(errors.slice(0, MOST_LOST).map((run) => ['', run]))]),
]

const lostTable = (title: string, cases: readonly LostCase[]): readonly (ReportTable | string)[] => {
  if (cases.length === 0) return []
  const shown = cases.slice(0, MOST_LOST)
  const left = cases.length - shown.length
  const rows = shown.flatMap(({ passed, epochs, lost: [first] }): readonly (readonly [string, LostRun])[] =>
    first === undefined ? [] : [[`${passed}/${epochs}`, first]],
  )
  return [`${title}: ${counted(cases.length, 'case')}${left === 0 ? '' : `, the first ${MOST_LOST} of them`}`, runTable(rows)]
}

const runTable = (rows: readonly (readonly [string, LostRun])[]): ReportTable => ({
  columns: [{ title: 'PASSED' }, { title: 'LOST IN' }, { title: 'AT', align: 'right' }, { title: 'BY' }, { title: 'WHY', flexible: true }],
  rows: rows.map(([passed, { runId, revision, scorer, note }]) => [
    passed,
    runId,
    revision === undefined ? '' : String(revision),
    scorer ?? '',
    note,
  ]),
})

const gateTable = ({ gates }: EvalReport): readonly ReportTable[] =>
  gates.length === 0
    ? []
    : [
        {
          columns: [{ title: 'GATE' }, { title: 'HOLDS' }, { title: 'BECAUSE', flexible: true }],
          rows: gates.map(({ gate, holds, reason }) => [gate, holds ? 'yes' : 'NO', reason]),
        },
      ]
