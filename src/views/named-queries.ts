import { z } from 'zod'
import { AppError } from '../errors.ts'
import { sqlText } from './checked-sql-query.ts'
import { sqlLimits } from './sql-query.ts'
import { isViewName } from './view-queries.ts'
import { viewTables } from './view-tables.ts'

/** A query in SQL that is kept under a name. */
export interface NamedQuery {
  /** One sentence. */
  readonly about: string
  /** For SQLite and Postgres alike, if it is to be asked in both; `$1`, `$2` … are given by whoever asks. */
  readonly sql: string
}

export type NamedQueries = Readonly<Record<string, NamedQuery>>

export const builtInQueries: NamedQueries = {
  'agent-costs': {
    about: 'What agents cost by day.',
    sql: `select c.day, r.agent, sum(c.cost_micro_usd) / 1000000.0 as usd, sum(c.input_tokens) as input_tokens, sum(c.output_tokens) as output_tokens
from refold_model_calls c join refold_runs r on r.run_id = c.run_id
group by c.day, r.agent
order by c.day desc, usd desc`,
  },
  'slowest-tools': {
    about: 'The slowest tools.',
    sql: `select tool, count(*) as calls, avg(duration_ms) as average_ms, max(duration_ms) as longest_ms
from refold_tool_calls
where duration_ms is not null
group by tool
order by average_ms desc`,
  },
  'approval-waits': {
    about: 'How long people let approvals wait.',
    sql: `select coalesce(tool, 'a question') as subject, count(*) as asked, count(settled_at) as decided,
  avg(settled_at - asked_at) / 1000.0 as average_seconds, max(settled_at - asked_at) / 1000.0 as longest_seconds
from refold_approvals
group by coalesce(tool, 'a question')
order by decided desc, subject`,
  },
  'model-failures': {
    about: 'Why model calls fail.',
    sql: `select model, failure_class, count(*) as failures, count(distinct run_id) as runs
from refold_model_calls
where outcome = 'failed'
group by model, failure_class
order by failures desc, model, failure_class`,
  },
  'longest-waits': {
    about: 'What waits for a person for longest, and in which words.',
    sql: `select r.run_id, r.agent, r.waits_for, r.waits_since, t.summary
from refold_runs r join refold_timeline t on t.run_id = r.run_id and t.revision = r.revision
where r.status = 'active' and r.waits_for in ('approval', 'human')
order by r.waits_since, r.run_id`,
  },
}

const MOST = 200

/** Why a query cannot be called so. */
const wrongName = (name: string): string | undefined => {
  if (!/^[a-z][a-z0-9-]{0,59}$/.test(name)) return 'expected a name of small letters, digits and hyphens, 60 at most'
  if (isViewName(name)) return 'expected another name: there is a view of this one'
  return Object.hasOwn(builtInQueries, name) ? 'expected another name: there is a built-in query of this one' : undefined
}

/** Those of a project. */
export const namedQueries = z
  .record(z.string(), z.strictObject({ about: z.string().min(1).max(300), sql: sqlText }))
  .superRefine((queries, context) => {
    const names = Object.keys(queries)
    if (names.length > MOST) context.addIssue({ code: 'custom', message: `expected ${MOST} queries at most` })
    for (const name of names) {
      const message = wrongName(name)
      if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message })
    }
  })

/** Throws `InvalidConfiguration`. */
export const checkedNamedQueries = (given: unknown): NamedQueries => {
  const checked = namedQueries.safeParse(given ?? {})
  if (checked.success) return checked.data
  const problems = checked.error.issues.map(({ path, message }) => `  queries.${path.join('.')}: ${message}`)
  throw new AppError('InvalidConfiguration', ['The queries of the project are not as expected:', ...problems].join('\n'))
}

/** All that can be asked in SQL, and what about. */
export interface SqlCatalog {
  readonly tables: readonly SqlTable[]
  readonly queries: readonly CatalogedQuery[]
}

export interface SqlTable {
  readonly name: string
  readonly about: string
  readonly columns: readonly {
    readonly name: string
    readonly type: 'text' | 'integer' | 'real'
    readonly nullable: boolean
    readonly about: string
  }[]
}

export interface CatalogedQuery extends NamedQuery {
  readonly name: string
  readonly of: 'refold' | 'project'
  /** How many values it takes. */
  readonly parameters: number
}

const PARAMETER = /\$([1-9]\d{0,2})\b/g

const cataloged =
  (of: CatalogedQuery['of']) =>
  ([called, { about, sql }]: [string, NamedQuery]): CatalogedQuery => {
    const parameters = Math.min(sqlLimits.parameters, Math.max(0, ...[...sql.matchAll(PARAMETER)].map(([, number]) => Number(number))))
    return { name: called, of, about, sql, parameters }
  }

export const sqlCatalog = (ofProject: NamedQueries): SqlCatalog => ({
  tables: viewTables.map(({ name: called, about, columns }) => ({
    name: called,
    about,
    columns: columns.map(({ name: column, type, nullable, about: meaning }) => ({ name: column, type, nullable, about: meaning })),
  })),
  queries: [...Object.entries(builtInQueries).map(cataloged('refold')), ...Object.entries(ofProject).map(cataloged('project'))],
})
