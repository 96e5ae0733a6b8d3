import type { JsonObject } from '../json.ts'
import { resultOf, type CaseResult, type RunOfEval } from '../evals/runner/case-result.ts'
import { checkSamePlan, type EvalPlan } from '../evals/runner/eval-plan.ts'
import { paidToJudges } from '../evals/runner/judge-run.ts'
import type { OpenRefold } from '../open-refold.ts'
import { present } from '../present.ts'
import type { RunRow } from '../projections/run-index.ts'
import { eventsIn } from './eval-parts.ts'

const PAGE = 1_000

/** Runs of evals with a tag, a page at a time. Those of tenants are none: anybody may tag a run. */
async function* taggedRuns({ views }: Pick<OpenRefold, 'views'>, tag: string, limit = PAGE): AsyncGenerator<RunRow> {
  let cursor: string | undefined
  do {
    const page = await views.find({ tag, order: 'started', limit, ...present({ cursor }) }, 0)
    for (const { row } of page.runs) if (row.tenant === undefined && row.sealed === true) yield row
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
}

/** What an eval was begun with, as its runs note it. */
export interface NotedEval {
  readonly name: string
  readonly dataset: string
  readonly agent: string
  readonly baseline: string | undefined
  readonly scorers: readonly string[]
  readonly planned: number
}

/** Throws `InvalidInput` where runs of this id are of another plan: other cases have other run ids, so they are looked for by their tag. */
export const refuseOtherPlan = async (refold: OpenRefold, plan: EvalPlan): Promise<void> => {
  await refold.projector.catchUp()
  for await (const { metadata } of taggedRuns(refold, `eval=${plan.id}`, 1)) {
    checkSamePlan(plan, (metadata?.['eval'] ?? {}) as JsonObject)
    return
  }
}

export interface EvalInLog {
  readonly id: string
  readonly noted: NotedEval
  readonly at: number
  /** How many runs it is to have. */
  readonly planned: number
  /** Of those that are scored. */
  readonly results: readonly CaseResult[]
}

/** An eval as its runs have it; undefined where there is none of the id. Of each run a few numbers are kept. */
export const evalInLog = async (refold: OpenRefold, id: string): Promise<EvalInLog | undefined> => {
  let noted: NotedEval | undefined
  let at = Infinity
  const results: CaseResult[] = []
  for await (const { runId, tags = {}, metadata, startedAt } of taggedRuns(refold, `eval=${id}`)) {
    noted ??= notedIn((metadata?.['eval'] ?? {}) as JsonObject)
    at = Math.min(at, startedAt)
    const of = identityIn(runId, tags)
    const read = (other: string) => eventsIn(refold, other)
    const result = resultOf(of, (await read(runId)) ?? [], await paidToJudges(read, runId, noted.scorers))
    if (result.scores.length > 0) results.push(result)
  }
  return noted && { id, noted, at, planned: noted.planned, results }
}

const identityIn = (runId: string, tags: Readonly<Record<string, string>>): RunOfEval => ({
  runId,
  caseId: tags['case'] ?? runId,
  task: tags['task'] ?? runId,
  epoch: Number(tags['epoch'] ?? 1),
  arm: tags['arm'] === 'baseline' ? 'baseline' : 'candidate',
})

const notedIn = ({ name, dataset, agent, baseline, scorers, cases, epochs }: JsonObject): NotedEval => ({
  name: wordOf(name),
  dataset: wordOf(dataset),
  agent: firstWord(agent) ?? '',
  baseline: firstWord(baseline),
  planned: Number(cases) * Number(epochs) * (baseline === undefined ? 1 : 2),
  scorers: Array.isArray(scorers) ? scorers.map((each) => firstWord(each) ?? '') : [],
})

const wordOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Behind it stands what tells one version from another. */
const firstWord = (value: unknown): string | undefined => (typeof value === 'string' ? value.split(' ')[0] : undefined)
