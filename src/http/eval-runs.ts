import type { Attempt, NamedScore } from '../evals/report/attempt.ts'
import { present } from '../present.ts'
import type { ViewName, ViewRow } from '../views/view-queries.ts'
import type { ApiParts, ServedRefold } from './api-parts.ts'

/** One run of an eval, as the views have it. */
export interface EvalRun extends Attempt {
  readonly arm: 'candidate' | 'baseline'
  /** `name@version` */
  readonly agent: string
  readonly status: string
  /** Null while it is not scored. */
  readonly passed: boolean | null
  readonly lostBy: string | null
  readonly lostAt: number | null
  readonly note: string | null
}

export interface EvalRuns {
  /** By their cases and epochs. */
  readonly runs: readonly EvalRun[]
  readonly isCut: boolean
}

/** What comes of more of them is drawn for too long to be drawn while others wait. */
const MOST_RUNS = 5_000
const MOST_SCORES = 50_000
const PAGE = 1_000

interface Of {
  readonly id: string
  readonly tenant: string | undefined
}

/** All that is known of an eval; none where there is no such eval among the runs of the tenant. */
export const readEvalRuns = async (parts: Pick<ApiParts, 'refold' | 'clock'>, of: Of): Promise<EvalRuns> => {
  const found = await rowsOf(parts, 'eval-runs', of, MOST_RUNS)
  if (found.rows.length === 0) return { runs: [], isCut: false }
  const scores = Map.groupBy((await rowsOf(parts, 'scores', of, MOST_SCORES)).rows, ({ run_id: runId }) => runId)
  return { runs: found.rows.map((row) => evalRun(row, (scores.get(textIn(row, 'run_id')) ?? []).filter(isOfEval))), isCut: found.isCut }
}

const isOfEval = ({ author }: ViewRow): boolean => author === 'eval'

const rowsOf = async (
  { refold, clock }: { readonly refold: Pick<ServedRefold, 'views'>; readonly clock: ApiParts['clock'] },
  view: ViewName,
  { id, tenant }: Of,
  most: number,
): Promise<{ readonly rows: readonly ViewRow[]; readonly isCut: boolean }> => {
  const rows: ViewRow[] = []
  let cursor: string | undefined
  do {
    const page = await refold.views.query(view, { tag: `eval=${id}`, limit: PAGE, ...present({ tenant, cursor }) }, clock.now())
    rows.push(...page.rows)
    cursor = page.next ?? undefined
  } while (cursor !== undefined && rows.length < most)
  return { rows, isCut: cursor !== undefined }
}

const evalRun = (row: ViewRow, scores: readonly ViewRow[]): EvalRun => ({
  runId: textIn(row, 'run_id'),
  caseId: textIn(row, 'case_id'),
  task: textIn(row, 'task'),
  epoch: Math.max(1, Math.trunc(Number(row['epoch']) || 1)),
  arm: row['arm'] === 'baseline' ? 'baseline' : 'candidate',
  agent: `${textIn(row, 'agent')}@${textIn(row, 'agent_version')}`,
  status: textIn(row, 'status'),
  passed: row['passed'] === null ? null : row['passed'] === 1,
  lostBy: textOrNull(row, 'lost_by'),
  lostAt: row['lost_at'] === null ? null : Number(row['lost_at']),
  note: textOrNull(row, 'note'),
  scores: scores.map(namedScore),
  // The views have tokens of a run together.
  spent: {
    costMicroUsd: Number(row['cost_micro_usd']),
    inputTokens: Number(row['tokens']),
    outputTokens: 0,
    latencyMs: Number(row['duration_ms'] ?? 0),
  },
})

const namedScore = (row: ViewRow): NamedScore => ({
  name: textIn(row, 'name'),
  value: Number(row['value']),
  passed: row['passed'] === 1,
  ...present({
    note: textOrNull(row, 'note') ?? undefined,
    revision: row['about'] === -1 ? undefined : Number(row['about']),
  }),
})

const textIn = (row: ViewRow, name: string): string => String(row[name] ?? '')
const textOrNull = (row: ViewRow, name: string): string | null => (row[name] === null ? null : textIn(row, name))
