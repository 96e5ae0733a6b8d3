import { z } from 'zod'
import { comparable, isComparable } from '../events/comparable.ts'
import { AppError } from '../errors.ts'
import { tagLine, tagText } from '../events/tags.ts'
import type { RunRow } from '../projections/run-index.ts'
import { standings } from '../projections/run-standing.ts'
import { stuckReasons, type StuckReason } from '../projections/standstill.ts'
import type { QueryText, ViewRow } from './view-queries.ts'
import { MAY_BE_STUCK, STUCK, stuckValues } from './run-views.ts'
import { inState, searchTerms, USES_TOOL, type SearchTerm } from './search-words.ts'

// The list of runs that people look at. The text is the same for SQLite and Postgres.

export const runOrders = ['newest', 'started', 'cost', 'tokens', 'waiting'] as const
export type RunOrder = (typeof runOrders)[number]

const time = z.int()
const runFacets = {
  status: z.enum(['active', 'completed', 'failed', 'cancelled', 'deleted']).optional(),
  waitsFor: z.enum(['message', 'approval', 'human']).optional(),
  standing: z.enum(standings).optional(),
  stuck: z.enum(['any', ...stuckReasons]).optional(),
}
const LONGEST_WORDS = 1_000
const searchedRuns = z.strictObject({
  agent: comparable.min(1).optional(),
  tenant: comparable.min(1).optional(),
  /** `name=value` */
  tag: comparable.pipe(tagText).optional(),
  /** That a run has asked for. */
  tool: comparable.min(1).optional(),
  /** Where it stands, or a state around that. */
  state: comparable.min(1).optional(),
  /** By the newest event, ms since the epoch. */
  since: time.optional(),
  until: time.optional(),
  minCostMicroUsd: z.int().nonnegative().optional(),
  /** As {@link searchTerms} reads them. */
  words: comparable.max(LONGEST_WORDS).optional(),
})
export type SearchedRuns = z.infer<typeof searchedRuns>

const runSearch = searchedRuns.extend({
  ...runFacets,
  order: z.enum(runOrders).optional(),
  limit: z.int().min(1).max(1_000),
  /** `next` of the page before. */
  cursor: z.string().max(10_000).optional(),
})
/** Every given part has to fit. */
export type RunSearch = z.infer<typeof runSearch>

/** A run as it is found: what of it is stuck depends on the time and on the runs below it. */
export interface FoundRun {
  readonly row: RunRow
  readonly stuck: StuckReason | null
}

export interface FoundRuns {
  readonly runs: readonly FoundRun[]
  /** `cursor` of the next page; null on the last. */
  readonly next: string | null
}

/** How many there are of each kind. */
export interface RunCounts {
  readonly all: number
  readonly status: Readonly<Record<RunRow['status'], number>>
  readonly standing: Readonly<Record<(typeof standings)[number], number>>
  readonly stuck: Readonly<Record<StuckReason, number>>
}

interface Order {
  readonly key: string
  readonly direction: 'asc' | 'desc'
  /** Which runs have a place in it, if not all. */
  readonly only?: string
}

const orders: Readonly<Record<RunOrder, Order>> = {
  newest: { key: 'r.position', direction: 'desc' },
  started: { key: 'r.started_at', direction: 'desc' },
  cost: { key: 'r.cost_micro_usd', direction: 'desc' },
  tokens: { key: 'r.tokens', direction: 'desc' },
  waiting: { key: 'r.waits_since', direction: 'asc', only: 'r.waits_since is not null' },
}

/** One row more than the limit says whether there is a next page. Throws `InvalidInput`. */
export const searchQuery = (search: RunSearch, now: number): QueryText => {
  const { order = 'newest', limit, cursor, ...filter } = checked(runSearch, search)
  const { key, direction, only } = orders[order]
  const place = [...(only === undefined ? [] : [{ text: only, values: [] }]), ...(cursor === undefined ? [] : [beyond(order, cursor)])]
  const { text: where, values } = whereOf([...conditionsOf(filter, now), ...place])
  return {
    text: `select r.row, ${STUCK} as stuck, ${key} as place from refold_runs r${where} order by ${key} ${direction}, r.run_id ${direction} limit ?`,
    values: [...stuckValues(now), ...values, limit + 1],
  }
}

/** The page from what {@link searchQuery} has found. */
export const foundRuns = ({ order = 'newest', limit }: RunSearch, found: readonly ViewRow[]): FoundRuns => {
  const runs = found.slice(0, limit).map(foundRun)
  const last = runs.at(-1)
  if (found.length <= limit || last === undefined) return { runs, next: null }
  const cursor = [order, found[limit - 1]?.['place'], last.row.runId]
  return { runs, next: Buffer.from(JSON.stringify(cursor)).toString('base64url') }
}

export const foundRun = ({ row, stuck }: ViewRow): FoundRun => ({
  row: JSON.parse(String(row)) as RunRow,
  stuck: stuck as StuckReason | null,
})

export interface ChangedRuns {
  /** A position: only runs whose newest event lies behind it. */
  readonly after: number
  readonly tenant?: string | undefined
  readonly limit: number
}

/** The one with the oldest event first. */
export const changedQuery = ({ after, tenant, limit }: ChangedRuns, now: number): QueryText => {
  const { text: where, values } = whereOf([
    { text: 'r.position > ?', values: [after] },
    ...(tenant === undefined ? [] : [{ text: 'r.tenant = ?', values: [tenant] }]),
  ])
  return {
    text: `select r.row, ${STUCK} as stuck from refold_runs r${where} order by r.position limit ?`,
    values: [...stuckValues(now), ...values, limit],
  }
}

/** Throws `InvalidInput`. */
export const countQuery = (filter: SearchedRuns, now: number): QueryText => {
  const conditions = conditionsOf(checked(searchedRuns, filter), now)
  const all = whereOf(conditions)
  const candidates = whereOf([...conditions, { text: MAY_BE_STUCK, values: [] }])
  return {
    text: `select r.status as status, r.standing as standing, null as stuck, count(*) as runs from refold_runs r${all.text} group by r.status, r.standing
union all
select null, null, stuck, count(*) from (select ${STUCK} as stuck from refold_runs r${candidates.text}) counted where stuck is not null group by stuck`,
    values: [...all.values, ...stuckValues(now), ...candidates.values],
  }
}

export const runCounts = (found: readonly ViewRow[]): RunCounts => {
  const sum = (column: string, value: string): number =>
    found.reduce((runs, row) => runs + (row[column] === value ? Number(row['runs']) : 0), 0)
  const each = <Name extends string>(column: string, names: readonly Name[]) =>
    Object.fromEntries(names.map((name) => [name, sum(column, name)])) as Record<Name, number>
  return {
    all: found.reduce((runs, row) => runs + (row['stuck'] === null ? Number(row['runs']) : 0), 0),
    status: each('status', ['active', 'completed', 'failed', 'cancelled', 'deleted']),
    standing: each('standing', standings),
    stuck: each('stuck', stuckReasons),
  }
}

type Filter = SearchedRuns & Pick<RunSearch, keyof typeof runFacets>

const conditionsOf = (filter: Filter, now: number): readonly SearchTerm[] => {
  const { tag, state, words, stuck, ...plain } = filter
  const given = Object.entries(plain).flatMap(([name, value]): SearchTerm[] =>
    value === undefined ? [] : [{ text: plainConditions[name as keyof typeof plain], values: [value] }],
  )
  return [
    ...given,
    ...(tag === undefined ? [] : [{ text: "replace(r.tags, ?, '') <> r.tags", values: [tagLine(tag)] }]),
    ...(state === undefined ? [] : [inState(state)]),
    ...(words === undefined ? [] : searchTerms(words)),
    ...(stuck === undefined ? [] : [stuckTerm(stuck, now)]),
  ]
}

const plainConditions: Readonly<Record<Exclude<keyof Filter, 'tag' | 'state' | 'words' | 'stuck'>, string>> = {
  status: 'r.status = ?',
  waitsFor: 'r.waits_for = ?',
  standing: 'r.standing = ?',
  agent: 'r.agent = ?',
  tenant: 'r.tenant = ?',
  tool: USES_TOOL,
  since: 'r.updated_at >= ?',
  until: 'r.updated_at < ?',
  minCostMicroUsd: 'r.cost_micro_usd >= ?',
}

const stuckTerm = (stuck: NonNullable<RunSearch['stuck']>, now: number): SearchTerm =>
  stuck === 'any'
    ? { text: `${MAY_BE_STUCK} and ${STUCK} is not null`, values: stuckValues(now) }
    : { text: `${MAY_BE_STUCK} and ${STUCK} = ?`, values: [...stuckValues(now), stuck] }

const whereOf = (terms: readonly SearchTerm[]): QueryText => ({
  text: terms.length === 0 ? '' : ` where ${terms.map(({ text }) => text).join(' and ')}`,
  values: terms.flatMap(({ values }) => values),
})

const beyond = (order: RunOrder, cursor: string): SearchTerm => {
  const { key, direction } = orders[order]
  return { text: `(${key}, r.run_id) ${direction === 'asc' ? '>' : '<'} (?, ?)`, values: placeOf(order, cursor) }
}

const placeOf = (order: RunOrder, cursor: string): readonly (string | number)[] => {
  const place = parsed(cursor)
  if (Array.isArray(place) && place.length === 3) {
    const [of, key, runId] = place as readonly unknown[]
    if (of === order && Number.isSafeInteger(key) && typeof runId === 'string' && isComparable(runId)) return [Number(key), runId]
  }
  throw refused(['cursor: expected that of the page before, in the same order'])
}

const parsed = (cursor: string): unknown => {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

const checked = <Given>(schema: z.ZodType<Given>, given: Given): Given => {
  const result = schema.safeParse(given)
  if (result.success) return result.data
  throw refused(result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`))
}

const refused = (problems: readonly string[]): AppError =>
  new AppError('InvalidInput', `a search for runs: ${problems.join(', ')}`, { details: { problems } })
