import type { OpenRefold } from '../open-refold.ts'
import { sqlLimits } from '../views/sql-query.ts'
import type { CommandLine } from './command-line.ts'

export interface RunChoice {
  /** A condition on the columns of `refold_runs`, in SQL that only reads. */
  readonly where?: string | undefined
  /** Of this agent alone, whatever its version. */
  readonly agent?: string | undefined
  readonly forks?: true | undefined
  /** Those that were deleted have a row, and nothing more. */
  readonly deleted?: true | undefined
  readonly limit?: number | undefined
}

export interface ChosenRun {
  readonly runId: string
  readonly isDeleted: boolean
}

/** In the order of their ids, a page at a time: SQL has a most of rows. */
export const runsThatFit = async (
  line: Pick<CommandLine, 'signal'>,
  { views }: Pick<OpenRefold, 'views'>,
  choice: RunChoice,
): Promise<readonly ChosenRun[]> => {
  const { where, agent, forks, deleted, limit = Infinity } = choice
  const conditions = [
    ...(where === undefined ? [] : ['run_id in (select run_id from chosen)']),
    ...(agent === undefined ? [] : ['agent = $2']),
    ...(forks === true ? [] : ['fork_of is null']),
    ...(deleted === true ? [] : ["status <> 'deleted'"]),
  ]
  // In a room of its own: a condition that closes its parentheses cannot take any other away.
  const chosen = where === undefined ? '' : `with chosen as (select run_id from refold_runs where (${where}\n)) `
  const sql = [`${chosen}select run_id, status from refold_runs where run_id > $1`, ...conditions].join(' and ')
  const found: ChosenRun[] = []
  while (found.length < limit) {
    const after = found.at(-1)?.runId ?? ''
    const { rows } = await views.sql({
      sql: `${sql} order by run_id limit ${sqlLimits.rows}`,
      tenant: undefined,
      parameters: agent === undefined ? [after] : [after, agent],
      limit: sqlLimits.rows,
      timeoutMs: sqlLimits.timeoutMs.most,
      signal: line.signal,
    })
    found.push(...rows.map(([runId, status]) => ({ runId: String(runId), isDeleted: status === 'deleted' })))
    if (rows.length < sqlLimits.rows) break
  }
  return found.slice(0, limit)
}
