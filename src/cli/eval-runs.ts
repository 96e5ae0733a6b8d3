import type { JsonObject } from '../json.ts'
import { resultOf, type CaseResult } from '../evals/runner/case-result.ts'
import { checkSamePlan, type EvalPlan } from '../evals/runner/eval-plan.ts'
import { paidToJudges } from '../evals/runner/judge-run.ts'
import type { OpenRefold } from '../open-refold.ts'
import { present } from '../present.ts'
import type { RunRow } from '../projections/run-index.ts'
import { eventsIn } from './eval-parts.ts'

const PAGE = 1_000

/** Runs with a tag, a page at a time. */
async function* taggedRuns({ views }: Pick<OpenRefold, 'views'>, tag: string, limit = PAGE): AsyncGenerator<RunRow> {
  let cursor: string | undefined
  do {
    const page = await views.find({ tag, order: 'started', limit, ...present({ cursor }) }, 0)
    for (const { row } of page.runs) yield row
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
    const arm = tags['arm'] === 'baseline' ? 'baseline' : 'candidate'
    const of = { runId, caseId: tags['case'] ?? runId, task: tags['task'] ?? runId, epoch: Number(tags['epoch'] ?? 1), arm } as const
    const read = (other: string) => eventsIn(refold, other)
    results.push(resultOf(of, (await read(runId)) ?? [], await paidToJudges(read, runId, noted.scorers)))
  }
  return noted && { id, noted, at, results }
}

const notedIn = ({ name, dataset, agent, baseline, scorers }: JsonObject): NotedEval => ({
  name: wordOf(name),
  dataset: wordOf(dataset),
  agent: firstWord(agent) ?? '',
  baseline: firstWord(baseline),
  scorers: Array.isArray(scorers) ? scorers.map((each) => firstWord(each) ?? '') : [],
})

const wordOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Behind it stands what tells one version from another. */
const firstWord = (value: unknown): string | undefined => (typeof value === 'string' ? value.split(' ')[0] : undefined)
