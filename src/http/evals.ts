import type { OpenAPIHono } from '@hono/zod-openapi'
import type { z } from 'zod'
import { known, type Share } from '../evals/report/estimates.ts'
import type { Comparison, Measure } from '../evals/report/measure.ts'
import { evalReport } from '../evals/report/report.ts'
import { wilsonInterval } from '../evals/statistics/wilson.ts'
import { present } from '../present.ts'
import type { ViewRow } from '../views/view-queries.ts'
import type { ApiParts } from './api-parts.ts'
import type { evalCase, evalRow, oneEval, standings } from './eval-contract.ts'
import { evalRoutes as routes } from './eval-routes.ts'
import { readEvalRuns, type EvalRun, type EvalRuns } from './eval-runs.ts'
import type { HttpEnv } from './http-env.ts'
import { HttpProblem } from './problem.ts'
import { catchUpIfPossible } from './views-as-known.ts'

/** Evals are runs: a key of a tenant sees what its own runs have shown. */
export const addEvals = (app: OpenAPIHono<HttpEnv>, parts: ApiParts): void => {
  const { refold, clock } = parts
  const runsOf = async (id: string, tenant: string | undefined): Promise<EvalRuns> => {
    const found = await readEvalRuns(parts, { id, tenant })
    if (found.runs.length > 0) return found
    throw new HttpProblem('RouteNotFound', 'Expected the id of an eval, found none of that id: /v1/evals lists all')
  }
  app.openapi(routes.list, async (c) => {
    const { tenant } = c.get('access')
    const lacks = await catchUpIfPossible(parts)
    const { rows, next } = await refold.views.query('evals', { ...c.req.valid('query'), ...present({ tenant }) }, clock.now())
    return c.json({ evals: rows.map(listed), next, ...lacks }, 200)
  })
  app.openapi(routes.one, async (c) => {
    const { evalId: id } = c.req.valid('param')
    const lacks = await catchUpIfPossible(parts)
    const found = await runsOf(id, c.get('access').tenant)
    const { rows } = await refold.views.query(
      'evals',
      { tag: `eval=${id}`, limit: 10, ...present({ tenant: c.get('access').tenant }) },
      clock.now(),
    )
    return c.json({ ...shown(id, found, rows.map(listed)), ...lacks }, 200)
  })
  app.openapi(routes.cases, async (c) => {
    const { evalId: id } = c.req.valid('param')
    const { standing, from, limit } = c.req.valid('query')
    const lacks = await catchUpIfPossible(parts)
    const { runs } = await runsOf(id, c.get('access').tenant)
    const cases = casesOf(runs).filter((each) => standing === undefined || each.standing === standing)
    const next = from + limit < cases.length ? from + limit : null
    return c.json({ id, cases: cases.slice(from, from + limit), next, ...lacks }, 200)
  })
}

type EvalRow = z.infer<typeof evalRow>

const listed = (row: ViewRow): EvalRow => {
  const [runs, cases, scored, passed] = [row['runs'], row['cases'], row['scored'], row['passed']].map(Number) as [
    number,
    number,
    number,
    number,
  ]
  return {
    id: String(row['eval']),
    dataset: String(row['dataset']),
    arm: row['arm'] === 'baseline' ? 'baseline' : 'candidate',
    agent: `${String(row['agent'])}@${String(row['agent_version'])}`,
    runs,
    cases,
    scored,
    passed,
    accuracy: accuracyOf({ cases, scored, passed }),
    tokens: Number(row['tokens']),
    costMicroUsd: Number(row['cost_micro_usd']),
    startedAt: Number(row['started_at']),
    updatedAt: Number(row['updated_at']),
  }
}

/** A case that was run several times counts as one here: its epochs are alike. */
const accuracyOf = ({ cases, scored, passed }: { readonly cases: number; readonly scored: number; readonly passed: number }): Share => {
  if (scored === 0) return { value: null, low: null, high: null, method: 'Wilson' }
  const value = passed / scored
  const trials = Math.min(cases, scored)
  return { value, ...wilsonInterval(value * trials, trials), method: trials === scored ? 'Wilson' : 'Wilson over tasks' }
}

/** Each is a statistic of its own, and their names come from whoever scores. */
const MOST_SCORERS = 50

const shown = (id: string, { runs, isCut }: EvalRuns, arms: readonly EvalRow[]): z.infer<typeof oneEval> => {
  const of = (arm: EvalRun['arm']) => runs.filter((run) => run.arm === arm)
  const scored = (arm: EvalRun['arm']) => of(arm).filter(({ passed }) => passed !== null)
  const [candidate, baseline] = [of('candidate'), of('baseline')]
  const agent = candidate[0]?.agent ?? ''
  const scorers = [...new Set(runs.flatMap(({ scores }) => scores.map(({ name }) => name)))].toSorted().slice(0, MOST_SCORERS)
  const report = evalReport({
    candidate: { agent, attempts: scored('candidate') },
    ...present({ baseline: baseline[0] === undefined ? undefined : { agent: baseline[0].agent, attempts: scored('baseline') } }),
    scorers,
  })
  const cases = casesOf(runs)
  const counted = (standing: (typeof standings)[number]): number => cases.filter((each) => each.standing === standing).length
  return {
    id,
    dataset: arms[0]?.dataset ?? '',
    agent,
    baseline: baseline[0]?.agent ?? null,
    at: Math.min(...arms.map(({ startedAt }) => startedAt)),
    runs: candidate.length,
    open: candidate.length - scored('candidate').length,
    epochs: report.epochs,
    cut: isCut,
    accuracy: told(report.accuracy),
    scorers: report.scorers.map(told),
    costMicroUsd: report.usage.costMicroUsd,
    tokens: report.usage.inputTokens + report.usage.outputTokens,
    p50Ms: report.usage.p50,
    p95Ms: report.usage.p95,
    cases: { all: cases.length, passed: counted('passed'), flaky: counted('flaky'), failed: counted('failed'), open: counted('open') },
  }
}

const told = ({ name, passed, mean, comparison, passAtK, passHatK, smallestChange }: Measure): z.infer<typeof oneEval>['accuracy'] => ({
  name,
  passed,
  ...present({ mean, comparison: comparison === undefined ? undefined : compared(comparison) }),
  tries: passHatK.map(({ k, value, tasks }, at) => ({ k, onePasses: known(passAtK[at]?.value), allPass: known(value), tasks })),
  smallestChange,
})

const compared = ({ baseline, difference, verdict, p, pairs, better, worse, method }: Comparison) => ({
  baseline,
  difference,
  verdict,
  p,
  pairs,
  better,
  worse,
  method,
})

type EvalCase = z.infer<typeof evalCase>

const casesOf = (runs: readonly EvalRun[]): readonly EvalCase[] =>
  [...Map.groupBy(runs, ({ caseId }) => caseId)].map(([caseId, all]) => {
    const scored = all.filter(({ arm, passed }) => arm === 'candidate' && passed !== null)
    const passed = scored.filter((run) => run.passed === true).length
    return {
      caseId,
      task: all[0]?.task ?? caseId,
      standing: scored.length === 0 ? 'open' : passed === scored.length ? 'passed' : passed === 0 ? 'failed' : 'flaky',
      passed,
      scored: scored.length,
      runs: all.map(({ runId, epoch, arm, status, passed: has, lostBy, lostAt, note, spent }) => ({
        runId,
        epoch,
        arm,
        status,
        passed: has,
        lostBy,
        lostAt,
        note,
        costMicroUsd: spent.costMicroUsd,
      })),
    }
  })
