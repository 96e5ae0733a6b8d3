import type { LeftOut, WhatIfReport } from '../../evals/whatif/report.ts'
import type { CountedDifference } from '../../evals/whatif/tally.ts'
import type { Interval } from '../../evals/statistics/interval.ts'
import { oneLine } from '../../projections/printable.ts'
import { counted } from '../../projections/amount-text.ts'
import type { Output } from '../output.ts'
import { textTable, type Column } from '../text-table.ts'

/** For people: a line of all, a line for each kind of difference, and how to look at one. */
export const reportLines = (report: WhatIfReport, { colours, width }: Output): readonly string[] => {
  const { mode, agent, runs, different, compared, share, differences, prompts, costUsd } = report
  const what = mode === 'ask' ? 'model call' : 'run'
  const asked = mode === 'ask' ? `${agent} is answered otherwise in` : `${agent} goes otherwise in`
  return [
    compared === 0
      ? 'nothing was compared'
      : `${asked} ${different} of ${counted(compared, what)}${mode === 'ask' ? ` of ${counted(runs, 'run')}` : ''}: ${percent(share.share)} (95 %: ${range(share)})`,
    ...table(differences, colours.name, width),
    ...(prompts.length === 0 ? [] : ['Models are asked otherwise, which alone decides nothing:', ...table(prompts, colours.name, width)]),
    ...(costUsd === null
      ? []
      : [
          `cost of ${counted(costUsd.of, what)}: ${dollars(costUsd.recorded)} as recorded, ${dollars(costUsd.now)} now; this what-if has paid ${dollars(costUsd.paid)}`,
        ]),
    ...leftOutLine('deleted', report.deleted),
    ...leftOutLine('not readable', report.unreadable),
    ...leftOutLine('not brought to an end', report.unfinished),
    ...lookLines(report),
  ]
}

const table = (rows: readonly CountedDifference[], paint: (text: string) => string, width: number): readonly string[] => {
  if (rows.length === 0) return []
  const columns: readonly Column[] = [
    { title: 'COUNT', align: 'right' },
    { title: 'SHARE', align: 'right' },
    { title: '95 %' },
    { title: 'RECORDED' },
    { title: 'NOW', flexible: true },
    { title: 'FOR EXAMPLE', paint },
  ]
  const cells = rows.map((row) => {
    const [example] = row.examples
    const where = example === undefined ? '' : `${example.runId}@${example.revision}`
    return [String(row.count), percent(row.share), range(row), row.recorded, row.now, where]
  })
  return textTable(columns, cells, width)
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
const range = ({ low, high }: Interval): string => `${(low * 100).toFixed(1)} to ${(high * 100).toFixed(1)} %`
const dollars = (usd: number): string => `$${usd.toFixed(4)}`

const LONGEST_WHY = 200
const SHOWN = 3

const leftOutLine = (words: string, { count, runs }: LeftOut): readonly string[] =>
  count === 0
    ? []
    : [
        `${counted(count, 'run')} ${words}: ${runs
          .slice(0, SHOWN)
          .map(({ runId, why }) => `${runId} (${oneLine(why, LONGEST_WHY)})`)
          .join('; ')}${count > SHOWN ? '; …' : ''}`,
      ]

const lookLines = ({ differences }: WhatIfReport): readonly string[] => {
  const [example] = differences[0]?.examples ?? []
  if (example === undefined) return []
  const { runId, revision, fork } = example
  if (fork === undefined) return [`Look at one: refold at ${runId} ${revision}`]
  return [`Look at one: refold diff ${runId} ${fork}, or /diff?a=${encodeURIComponent(runId)}&b=${encodeURIComponent(fork)} in the page`]
}
