import { z } from 'zod'
import { count, MOST_REVISIONS, next, revision, time, whole } from './contract.ts'
import { behind } from './views-behind.ts'

// What evals have shown. The shapes of reports are those of src/evals/report.

const estimate = { value: z.number().nullable(), low: z.number().nullable(), high: z.number().nullable() }
const reported = z.object(estimate).meta({ id: 'Estimate', description: 'With its interval of 95 %; null where nothing is known.' })

const share = z
  .object({ ...estimate, method: z.string().meta({ description: 'how the interval was made' }) })
  .meta({ id: 'Share', description: 'A part of 1 with its interval of 95 %.' })

const arm = z.enum(['candidate', 'baseline'])

export const evalsQuery = z.strictObject({
  agent: z.string().min(1).optional().meta({ description: 'name of the agent' }),
  limit: whole(1, 200).default(50),
  cursor: z.string().min(1).optional().meta({ description: '`next` of the page before' }),
})

export const evalPath = z.object({ evalId: z.string().min(1).max(200) })

export const evalRow = z
  .object({
    id: z.string(),
    dataset: z.string().meta({ example: 'refunds@4f1c' }),
    arm,
    agent: z.string().meta({ example: 'support@2' }),
    runs: count,
    cases: count,
    scored: count,
    passed: count.meta({ description: 'runs of which every score of the eval is good enough' }),
    accuracy: share,
    tokens: count,
    costMicroUsd: count,
    startedAt: time,
    updatedAt: time,
  })
  .meta({ id: 'EvalRow', description: 'The runs of one agent in one eval.' })

export const evalPage = z.object({ evals: z.array(evalRow).readonly(), next, behind }).meta({ id: 'EvalPage' })

const comparison = z
  .object({
    baseline: share,
    difference: reported,
    verdict: z.enum(['better', 'worse', 'no difference shown']),
    p: z.number(),
    pairs: count,
    better: count,
    worse: count,
    method: z.string(),
  })
  .meta({ id: 'EvalComparison', description: 'The same cases by the baseline, with a paired test.' })

const change = z.number().nullable()

const measure = z
  .object({
    name: z.string(),
    passed: share,
    mean: reported.optional().meta({ description: 'of a scorer whose values are not 0 and 1 alone' }),
    comparison: comparison.optional(),
    tries: z
      .array(z.object({ k: count, onePasses: change, allPass: change, tasks: count }))
      .readonly()
      .meta({ description: 'pass@k and pass^k: the share of tasks of which one of k tries passes, and of which all do' }),
    smallestChange: z
      .object({ paired: change.optional(), down: change, up: change })
      .meta({ description: 'the differences that this set would show in 8 of 10 evals' }),
  })
  .meta({ id: 'EvalMeasure', description: 'How good an agent is by one scorer, or by all of them.' })

const counts = z.object({ all: count, passed: count, flaky: count, failed: count, open: count })

export const oneEval = z
  .object({
    id: z.string(),
    dataset: z.string(),
    agent: z.string(),
    baseline: z.string().nullable(),
    at: time.meta({ description: 'when its first run began' }),
    runs: count,
    open: count.meta({ description: 'runs that are not scored yet' }),
    epochs: count,
    cut: z.boolean().meta({ description: 'whether it has more runs than are looked at here' }),
    accuracy: measure,
    scorers: z.array(measure).readonly(),
    costMicroUsd: count,
    tokens: count,
    p50Ms: reported,
    p95Ms: reported,
    cases: counts.meta({ description: 'how many cases pass always, sometimes, never, and how many nobody knows yet' }),
    behind,
  })
  .meta({ id: 'Eval', description: 'What an eval has shown by now.' })

export const standings = ['passed', 'flaky', 'failed', 'open'] as const

export const casesQuery = z.strictObject({
  standing: z.enum(standings).optional().meta({ description: 'only these' }),
  from: whole(0, MOST_REVISIONS).default(0).meta({ description: '`next` of the page before' }),
  limit: whole(1, 500).default(100),
})

const attempt = z.object({
  runId: z.string(),
  epoch: count,
  arm,
  status: z.string(),
  passed: z.boolean().nullable().meta({ description: 'null while it is not scored' }),
  lostBy: z.string().nullable().meta({ description: 'the first scorer that it has not passed' }),
  lostAt: revision.nullable().meta({ description: 'the step that lost it, where the scorer says so' }),
  note: z.string().nullable(),
  costMicroUsd: count,
})

export const evalCase = z
  .object({
    caseId: z.string(),
    task: z.string(),
    standing: z.enum(standings),
    passed: count,
    scored: count,
    runs: z.array(attempt).readonly(),
  })
  .meta({ id: 'EvalCase', description: 'One case of an eval, with all of its runs.' })

export const casePage = z
  .object({
    id: z.string(),
    cases: z.array(evalCase).readonly(),
    next: count.nullable().meta({ description: '`from` of the next page' }),
    behind,
  })
  .meta({ id: 'EvalCasePage' })
