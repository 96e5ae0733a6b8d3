import { AppError } from '../../errors.ts'
import { present } from '../../present.ts'
import { checkedNamedQueries, sqlCatalog } from '../../views/named-queries.ts'
import type { ViewQuery } from '../../views/view-query.ts'
import { isViewName, viewNames, viewQueries, type ViewFilter, type ViewName, type ViewPage } from '../../views/view-queries.ts'
import { viewObject } from '../../views/view-object.ts'
import type { ViewStore } from '../../views/view-store.ts'
import { counted } from '../../projections/amount-text.ts'
import type { CommandLine } from '../command-line.ts'
import { loadConfig } from '../config-file.ts'
import type { FreshOption } from '../fresh-option.ts'
import { takeIn } from '../known-views.ts'
import type { Output } from '../output.ts'
import { type PointInTime } from '../point-in-time.ts'
import { reading } from '../session.ts'
import { querySql } from '../sql-command.ts'
import { textTable } from '../text-table.ts'
import { csvLines, viewTable } from '../view-rows.ts'

export interface QueryOptions extends FreshOption {
  readonly run?: string
  readonly agent?: string
  readonly agentVersion?: string
  readonly tenant?: string
  readonly tag?: string
  readonly status?: string
  readonly since?: PointInTime
  readonly until?: PointInTime
  readonly waiting?: number
  readonly by?: string
  readonly every?: number
  readonly limit?: number
  readonly cursor?: string
  readonly csv?: true
  readonly sql?: string
  readonly parameter?: readonly string[]
  readonly timeout?: number
}

export const query = async (line: CommandLine, name: string | undefined, options: QueryOptions): Promise<void> => {
  const { sql, parameter, timeout, ...others } = options
  if (name !== undefined && sql !== undefined) throw new AppError('InvalidInput', 'Expected a name or --sql, found both')
  if (name === undefined && sql === undefined) return listViews(line)
  if (name !== undefined && isViewName(name)) {
    if (parameter !== undefined || timeout !== undefined)
      throw new AppError('InvalidInput', `Expected --parameter and --timeout for SQL alone, found the view ${name}`)
    return queryView(line, name, others)
  }
  const { fresh, tenant, limit, csv, ...conditions } = others
  const filters = Object.keys(present(conditions)).map((option) => (option === 'agentVersion' ? '--agent-version' : `--${option}`))
  if (filters.length > 0) throw new AppError('InvalidInput', `Expected the conditions in the SQL itself, found ${filters.join(', ')}`)
  const asked = present({ name, sql, timeoutMs: timeout, fresh, tenant, limit, csv })
  return querySql(line, { ...asked, parameters: parameter ?? [] })
}

const USUAL_ROWS = 50

type ViewOptions = Omit<QueryOptions, 'sql' | 'parameter' | 'timeout'>

const queryView = (line: CommandLine, name: ViewName, options: ViewOptions): Promise<void> =>
  reading(line, async (refold) => {
    const { views } = refold
    const { waiting: waitingMs, every: everyMs, since, until, limit = USUAL_ROWS, fresh: _, csv, ...given } = options
    const now = line.clock.now()
    await takeIn(line, refold, options)
    const filter = present({ ...given, since: since?.(now), until: until?.(now), waitingMs, everyMs })
    const page = await views.query(name, { ...filter, limit }, now)
    await tell(line.output, name, page, csv === true)
    if (name === 'costs') await tellDeleted(line.output, views, present({ run: given.run, agent: given.agent, tenant: given.tenant }))
    if ((await views.pausedSince()) !== undefined) await line.output.note('The views are paused: refold views status')
  })

const MOST_COUNTED = 1_000

/** What they have cost went with them. */
const tellDeleted = async (output: Output, views: Pick<ViewStore, 'query'>, filter: Partial<ViewFilter>): Promise<void> => {
  const { rows, next } = await views.query('runs', { ...filter, status: 'deleted', limit: MOST_COUNTED }, 0)
  if (rows.length === 0) return
  const number = next === null ? counted(rows.length, 'run') : `more than ${counted(rows.length, 'run')}`
  await output.note(`Without ${number} that ${rows.length === 1 ? 'was' : 'were'} deleted: what they have cost went with them`)
}

const tell = async (output: Output, name: ViewName, { rows, next }: ViewPage, asCsv: boolean): Promise<void> => {
  const { columns }: ViewQuery = viewQueries[name]
  if (output.json) await output.document(rows.map((row) => viewObject(columns, row)))
  else if (asCsv) for (const text of csvLines(columns, rows)) await output.data(text)
  else if (rows.length > 0) for (const text of viewTable(columns, rows, output.width)) await output.line(text)
  if (rows.length === 0) await output.note('Nothing fits.')
  if (next !== null) await output.note(`There are more: --cursor ${next}`)
}

const listViews = async ({ output, ...line }: CommandLine): Promise<void> => {
  const { queries } = sqlCatalog(checkedNamedQueries((await loadConfig(line.cwd, line.configFile)).queries))
  const views = viewNames.map((name): { name: ViewName; about: string; statuses: readonly string[] } => {
    const { about, statuses = [] }: ViewQuery = viewQueries[name]
    return { name, about, statuses }
  })
  await output.document([...views, ...queries])
  if (output.json) return
  const rows = [
    ...views.map(({ name, about, statuses }) => [name, statuses.length === 0 ? about : `${about} --status ${statuses.join(' | ')}`]),
    ...queries.map(({ name, about, parameters }) => [
      name,
      `${about} In SQL${parameters === 0 ? '' : `, with ${parameters} --parameter`}.`,
    ]),
  ]
  for (const text of textTable(
    [
      { title: '', paint: output.colours.name },
      { title: '', flexible: true },
    ],
    rows,
    output.width,
  )) {
    await output.line(text)
  }
}
