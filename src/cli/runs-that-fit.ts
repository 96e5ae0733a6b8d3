import type { OpenRefold } from '../open-refold.ts'
import { sqlLimits, type SqlResult } from '../views/sql-query.ts'
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

/** In the order of their ids, a page at a time: SQL has a most of rows. Rejects with `InvalidInput` for a `where` that is no condition. */
export const runsThatFit = async (
  { signal }: Pick<CommandLine, 'signal'>,
  { views }: Pick<OpenRefold, 'views'>,
  choice: RunChoice,
): Promise<readonly ChosenRun[]> => {
  const { agent, limit = Infinity } = choice
  const ask = async (sql: string, parameters: readonly string[] = []): Promise<SqlResult['rows']> => {
    const asked = { sql, parameters, tenant: undefined, limit: sqlLimits.rows, timeoutMs: sqlLimits.timeoutMs.most, signal }
    return (await views.sql(asked)).rows
  }
  const { fitting, sql } = statementsOf(choice)
  if (fitting !== undefined) await ask(`${fitting} limit 0`)
  const found: ChosenRun[] = []
  while (found.length < limit) {
    const after = found.at(-1)?.runId ?? ''
    const rows = await ask(`${sql} order by run_id limit ${sqlLimits.rows}`, agent === undefined ? [after] : [after, agent])
    found.push(...rows.map(([runId, status]) => ({ runId: String(runId), isDeleted: status === 'deleted' })))
    if (rows.length < sqlLimits.rows) break
  }
  return found.slice(0, limit)
}

/**
 * The condition stands in a room of its own: one that closes its parentheses takes no other away. `fitting` is that room: a text that also closes
 * those of the room, to give a view another meaning behind it, is no statement by itself.
 */
const statementsOf = ({ where, agent, forks, deleted }: RunChoice): { readonly fitting: string | undefined; readonly sql: string } => {
  const fitting = where === undefined ? undefined : `select run_id from refold_runs where (${where}\n)`
  const conditions = [
    ...(fitting === undefined ? [] : ['run_id in (select run_id from chosen)']),
    ...(agent === undefined ? [] : ['agent = $2']),
    ...(forks === true ? [] : ['fork_of is null']),
    ...(deleted === true ? [] : ["status <> 'deleted'"]),
  ]
  const chosen = fitting === undefined ? '' : `with chosen as (${fitting}) `
  return { fitting, sql: [`${chosen}select run_id, status from refold_runs where run_id > $1`, ...conditions].join(' and ') }
}
