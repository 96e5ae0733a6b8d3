import { resolve } from 'node:path'
import { AppError } from '../../errors.ts'
import type { ReportedEstimate } from '../../evals/report/estimates.ts'
import { evalReport, type EvalReport } from '../../evals/report/report.ts'
import { trendPoint, trendTable, type TrendPoint } from '../../evals/report/trend.ts'
import type { JsonObject } from '../../json.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { trendSvg, type TrendLine, type TrendPlot } from '../../pictures/trend-svg.ts'
import { present } from '../../present.ts'
import { money } from '../../projections/amount-text.ts'
import { sqlLimits } from '../../views/sql-query.ts'
import { moment } from '../amounts.ts'
import type { CommandLine } from '../command-line.ts'
import { writePrivate } from '../dataset-file.ts'
import { printReport, printTable } from '../eval-report.ts'
import { evalInLog, type EvalInLog } from '../eval-runs.ts'
import type { FreshOption } from '../fresh-option.ts'
import { takeIn } from '../known-views.ts'
import { reading } from '../session.ts'
import { textTable } from '../text-table.ts'

/** Newest last. A run counts as passed where each of its scores of an eval has. */
const LIST = `
select e.value, d.value, a.value, r.agent, r.agent_version, count(*), sum(r.cost_micro_usd), min(r.started_at),
  sum(case when s.run_id is null then 0 else 1 end), sum(case when s.failed = 0 then 1 else 0 end), max(r.metadata)
from refold_tags e
join refold_tags d on d.run_id = e.run_id and d.name = 'dataset'
join refold_tags a on a.run_id = e.run_id and a.name = 'arm'
join refold_runs r on r.run_id = e.run_id
left join (
  select run_id, sum(case when passed = 1 then 0 else 1 end) as failed from refold_scores where "by" = 'eval' group by run_id
) s on s.run_id = e.run_id
where e.name = 'eval'
group by e.value, d.value, a.value, r.agent, r.agent_version
order by min(r.started_at), a.value desc`

interface ListedEval {
  readonly id: string
  readonly dataset: string
  readonly arm: string
  readonly agent: string
  readonly runs: number
  /** How many it is to have, as its runs note it. */
  readonly planned: number
  readonly scored: number
  readonly passed: number
  readonly costMicroUsd: number
  readonly at: number
}

const listed = async (line: CommandLine, refold: OpenRefold): Promise<readonly ListedEval[]> => {
  const { rows } = await refold.views.sql({
    sql: LIST,
    tenant: undefined,
    parameters: [],
    limit: sqlLimits.rows,
    timeoutMs: sqlLimits.timeoutMs.most,
    signal: line.signal,
  })
  return rows.map(([id, dataset, arm, agent, version, runs, cost, at, scored, passed, metadata]) => ({
    id: String(id),
    dataset: String(dataset),
    arm: String(arm),
    agent: `${String(agent)}@${String(version)}`,
    runs: Number(runs),
    planned: plannedIn(metadata) ?? Number(runs),
    scored: Number(scored),
    passed: Number(passed),
    costMicroUsd: Number(cost),
    at: Number(at),
  }))
}

/** Of each of its agents; undefined where nothing says so. */
const plannedIn = (metadata: unknown): number | undefined => {
  const noted = (JSON.parse(typeof metadata === 'string' ? metadata : '{}') as JsonObject)['eval']
  const { cases, epochs } = Object(noted) as JsonObject
  return typeof cases === 'number' && typeof epochs === 'number' ? cases * epochs : undefined
}

export const list = (line: CommandLine, options: FreshOption): Promise<void> =>
  reading(line, async (refold) => {
    await takeIn(line, refold, options)
    const evals = await listed(line, refold)
    await line.output.document(evals)
    if (evals.length === 0) await line.output.note('No evals.')
    if (line.output.json || evals.length === 0) return
    const rows = evals.map((each) => [
      each.id,
      each.dataset,
      `${each.agent}${each.arm === 'baseline' ? ' (baseline)' : ''}`,
      `${each.scored}/${each.planned}`,
      each.scored === 0 ? '-' : `${((each.passed / each.scored) * 100).toFixed(1)} %`,
      money(each.costMicroUsd),
      moment(each.at),
    ])
    const columns = [
      { title: 'EVAL', paint: line.output.colours.name },
      { title: 'DATASET' },
      { title: 'AGENT' },
      { title: 'SCORED', align: 'right' as const },
      { title: 'PASSED', align: 'right' as const },
      { title: 'COST', align: 'right' as const },
      { title: 'BEGUN' },
    ]
    for (const text of textTable(columns, rows, line.output.width)) await line.output.line(text)
  })

export const show = (line: CommandLine, id: string, options: FreshOption): Promise<void> =>
  reading(line, async (refold) => {
    await takeIn(line, refold, options)
    const found = await evalInLog(refold, id)
    if (found === undefined) throw new AppError('RunNotFound', `Expected runs of an eval ${id}, found none: refold evals lists them`)
    const report = reportOf(found)
    const { noted, at, planned, results } = found
    await line.output.document({ id, dataset: noted.dataset, at, complete: results.length >= planned, planned, ...report, results })
    if (!line.output.json) await printReport(line, report, { planned, scored: results.length })
  })

const reportOf = ({ noted, results }: EvalInLog): EvalReport => {
  const { agent, baseline, scorers } = noted
  const of = (arm: 'candidate' | 'baseline') => results.filter((each) => each.arm === arm)
  return evalReport({
    candidate: { agent, attempts: of('candidate') },
    ...present({ baseline: baseline === undefined ? undefined : { agent: baseline, attempts: of('baseline') } }),
    scorers,
  })
}

export interface TrendOptions extends FreshOption {
  readonly svg?: string
}

export const trend = (line: CommandLine, dataset: string, { svg, ...options }: TrendOptions): Promise<void> =>
  reading(line, async (refold) => {
    await takeIn(line, refold, options)
    const ids = new Set((await listed(line, refold)).filter((each) => isOf(each.dataset, dataset)).map(({ id }) => id))
    const points: TrendPoint[] = []
    for (const id of ids) {
      const found = await evalInLog(refold, id)
      if (found !== undefined && found.results.length > 0)
        points.push(trendPoint(reportOf(found), { dataset: found.noted.dataset, at: found.at }))
    }
    if (points.length === 0)
      throw new AppError('RunNotFound', `Expected evals of the dataset ${dataset}, found none: refold evals lists them`)
    await line.output.document(points)
    if (!line.output.json) await printTable(line, trendTable(points))
    if (svg === undefined) return
    const file = resolve(line.cwd, svg)
    await writePrivate(file, trendSvg(plotOf(dataset, points)))
    await line.output.note(`Drawn to ${file}`)
  })

/** A line of all scorers together, and one of each where there are several. */
const plotOf = (title: string, points: readonly TrendPoint[]): TrendPlot => {
  const spots = (pick: (point: TrendPoint) => ReportedEstimate | undefined): TrendLine['spots'] =>
    points.map((point) => ({ label: point.agent, ...(pick(point) ?? { value: null, low: null, high: null }) }))
  const names = [...new Set(points.flatMap(({ scorers }) => Object.keys(scorers)))]
  const lines = names.map((name) => ({ name, spots: spots(({ scorers }) => scorers[name]) }))
  return { title, lines: lines.length === 1 ? lines : [{ name: 'all of them', spots: spots(({ accuracy }) => accuracy) }, ...lines] }
}

/** By its name, or with its version. */
const isOf = (dataset: string, named: string): boolean => dataset === named || dataset.slice(0, dataset.lastIndexOf('@')) === named
