import { z } from 'zod'
import { tagLine, tagText } from '../events/tags.ts'
import { beginning, shown } from '../text.ts'
import { AppError, attempted } from '../errors.ts'
import type { Optional } from '../present.ts'
import { inColumns, type ViewQuery } from './view-query.ts'
import { comparable, isComparable } from '../events/comparable.ts'
import { runViews } from './run-views.ts'
import { callViews } from './call-views.ts'
import { chartViews } from './chart-views.ts'
import { evalViews } from './eval-views.ts'
import { usageViews } from './usage-views.ts'

// The views as data: one declaration gives the SQL of both databases, the checks of filters, `refold query`, the routes and the page.

export const viewQueries = { ...runViews, ...callViews, ...chartViews, ...usageViews, ...evalViews } as const satisfies Readonly<
  Record<string, ViewQuery>
>

export type ViewName = keyof typeof viewQueries

export const viewNames = Object.keys(viewQueries) as ViewName[]

export const isViewName = (name: string): name is ViewName => Object.hasOwn(viewQueries, name)

/** How long one query over the rows of all runs may take; then it is ended. */
export const LONGEST_QUERY_MS = 10_000

/** Whether it has to look at all rows that fit, however few it gives. */
export const sumsRows = (name: ViewName): boolean => {
  const { groupBy, around }: ViewQuery = viewQueries[name]
  return groupBy !== undefined || around !== undefined
}

const LONGEST_CURSOR = 10_000

const SHORTEST_SLOT_MS = 1_000
const LONGEST_SLOT_MS = 366 * 86_400_000

const time = z.int()

/** Every given part has to fit. */
export const viewFilter = z.strictObject({
  run: comparable.min(1).optional(),
  agent: comparable.min(1).optional(),
  agentVersion: comparable.min(1).optional(),
  tenant: comparable.min(1).optional(),
  /** `name=value`, of the run. */
  tag: comparable.pipe(tagText).optional(),
  /** One of those that the view names. */
  status: z.string().min(1).optional(),
  /** From here on, ms since the epoch, by the time that the view counts by. */
  since: time.optional(),
  /** Before this. */
  until: time.optional(),
  /** Of what is escalated: for so long at least. */
  waitingMs: z.int().nonnegative().optional(),
  /** What the rows are of: one of those that the view names. */
  by: z.string().optional(),
  /** Length of a slot of time. */
  everyMs: z.int().min(SHORTEST_SLOT_MS).max(LONGEST_SLOT_MS).optional(),
  limit: z.int().min(1).max(1_000),
  /** `next` of the page before. */
  cursor: z.string().max(LONGEST_CURSOR).optional(),
})
export type ViewFilter = z.infer<typeof viewFilter>

export type ViewValue = string | number | null

/** By the names of the columns. */
export type ViewRow = Readonly<Record<string, ViewValue>>

export interface ViewPage {
  readonly rows: readonly ViewRow[]
  /** `cursor` of the next page; null on the last. */
  readonly next: string | null
}

export interface QueryText {
  /** With a `?` for each value. */
  readonly text: string
  readonly values: readonly (string | number)[]
}

/** Throws `InvalidInput` where there is no such view. */
const checkViewName = (name: unknown): void => {
  if (typeof name === 'string' && isViewName(name)) return
  throw new AppError('InvalidInput', `Expected one of the views ${viewNames.join(', ')}, found ${shown(name)}`)
}

/** What somebody has given as a filter of a view, as it is now. Throws `InvalidInput` for no view, and for what is no plain object or cannot be read. */
export const readFilter = (name: ViewName, given: unknown): Optional<ViewFilter> => {
  checkViewName(name)
  const read = attempted(
    () => (isPlain(given) ? { ...given } : undefined),
    (filter) => filter as Optional<ViewFilter> | undefined,
  )
  if (!read.ok) throw refused(name, `expected a filter that can be read: ${read.problem}`)
  if (read.value === undefined) throw refused(name, `expected a filter as an object, found ${shown(given)}`)
  return read.value
}

const isPlain = (given: unknown): given is object =>
  typeof given === 'object' && given !== null && [Object.prototype, null].includes(Object.getPrototypeOf(given) as object | null)

/** Throws `InvalidInput` for what is no view, or no filter of it. One row more than the limit says whether there is a next page. */
export const queryText = (name: ViewName, filter: ViewFilter, now: number): QueryText => {
  checkViewName(name)
  const view: ViewQuery = viewQueries[name]
  const { limit, cursor, waitingMs, by, everyMs, ...given } = checkedFilter(name, view, filter)
  const conditions = Object.entries(given).flatMap(([part, value]) =>
    value === undefined
      ? []
      : [{ text: view.filters[part as keyof typeof view.filters] ?? '', value: part === 'tag' ? tagLine(String(value)) : value }],
  )
  const place = cursor === undefined ? undefined : placeOf(name, view, cursor)
  const keys = view.order.keys.join(', ')
  const beyond = view.order.direction === 'asc' ? '>' : '<'
  const rows = [
    view.from.replaceAll('{by}', () => partOf(view, by)).replaceAll('{every}', String(everyMs ?? view.everyMs)),
    ...(conditions.length === 0 ? [] : [`where ${conditions.map((condition) => condition.text).join(' and ')}`]),
    ...(view.groupBy === undefined ? [] : [`group by ${view.groupBy}`]),
  ].join('\n')
  const text = [
    `select ${inColumns(view)} from (`,
    view.around === undefined ? rows : view.around.replace('{rows}', () => rows),
    ') v',
    ...(place === undefined ? [] : [`where (${keys}) ${beyond} (${place.map(() => '?').join(', ')})`]),
    `order by ${view.order.keys.map((key) => `${key} ${view.order.direction}`).join(', ')} limit ?`,
  ].join('\n')
  const values = [...(view.values?.(now, waitingMs ?? 0) ?? []), ...conditions.map(({ value }) => value), ...(place ?? []), limit + 1]
  return { text, values }
}

/** The first part where none is named. */
const partOf = ({ by: parts = {} }: ViewQuery, by: string | undefined): string =>
  (by === undefined ? Object.values(parts)[0] : parts[by]) ?? ''

/** The query behind a view as SQL that whoever may ask in SQL can ask. Throws as {@link queryText} does. */
export const viewSql = (name: ViewName, filter: ViewFilter, now: number): string => {
  const { text, values } = queryText(name, filter, now)
  let at = 0
  return text.replaceAll('?', () => literal(values[at++] ?? 0))
}

const literal = (value: string | number): string => (typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`)

/** UTF-16 units of the values of a page, which ends with the row that goes beyond. */
const PAGE_LENGTH = 4 * 1024 * 1024

/** The page from what {@link queryText} has found. */
export const pageOf = (name: ViewName, { limit }: ViewFilter, found: readonly ViewRow[]): ViewPage => {
  // Plain objects: SQLite gives rows without a prototype, which equal no literal in a test.
  const rows = found.slice(0, Math.min(limit, rowsOfPage(found))).map((row) => ({ ...row }))
  const last = rows.at(-1)
  if (rows.length === found.length || last === undefined) return { rows, next: null }
  const { order }: ViewQuery = viewQueries[name]
  return { rows, next: Buffer.from(JSON.stringify([name, ...order.keys.map((key) => last[key])])).toString('base64url') }
}

const rowsOfPage = (found: readonly ViewRow[]): number => {
  let length = 0
  const beyond = found.findIndex((row) => {
    length += Object.values(row).reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 8), 0)
    return length >= PAGE_LENGTH
  })
  return beyond < 0 ? found.length : beyond + 1
}

const checkedFilter = (name: ViewName, view: ViewQuery, filter: ViewFilter): ViewFilter => {
  const parsed = viewFilter.safeParse(filter)
  if (!parsed.success) throw refused(name, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join(', '))
  const { status, waitingMs, by, everyMs, ...others } = parsed.data
  const unknown = (['run', 'agent', 'agentVersion', 'tenant', 'tag', 'since', 'until'] as const).filter(
    (part) => others[part] !== undefined && view.filters[part] === undefined,
  )
  if (unknown.length > 0) throw refused(name, `it has no filter ${unknown.join(', ')}`)
  checkSlots(name, view, { by, everyMs })
  if (waitingMs !== undefined && view.values === undefined) throw refused(name, 'it has no filter waitingMs')
  if (status === undefined) return parsed.data
  if (view.statuses === undefined) throw refused(name, 'it has no filter status')
  if (!view.statuses.includes(status)) throw refused(name, `expected a status of ${view.statuses.join(', ')}, found ${status}`)
  return parsed.data
}

const checkSlots = (name: ViewName, view: ViewQuery, { by, everyMs }: Pick<ViewFilter, 'by' | 'everyMs'>): void => {
  if (by !== undefined && !Object.hasOwn(view.by ?? {}, by))
    throw refused(name, `expected it by ${Object.keys(view.by ?? {}).join(', ') || 'nothing'}, found ${by}`)
  if (everyMs !== undefined && view.everyMs === undefined) throw refused(name, 'it has no slots of time')
}

const placeOf = (name: ViewName, { order, columns }: ViewQuery, cursor: string): (string | number)[] => {
  const place = parsed(cursor)
  const fits =
    Array.isArray(place) &&
    place.length === order.keys.length + 1 &&
    place[0] === name &&
    order.keys.every((key, at) => isPlace(place[at + 1], isText(columns, key)))
  if (!fits) throw refused(name, 'expected the cursor of its page before')
  return place.slice(1) as (string | number)[]
}

const isPlace = (value: unknown, text: boolean): boolean =>
  text ? typeof value === 'string' && isComparable(value) : Number.isSafeInteger(value)

const isText = (columns: ViewQuery['columns'], key: string): boolean => columns.find(({ name }) => name === key)?.kind === 'text'

const parsed = (cursor: string): unknown => {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

const LONGEST_WHY = 1_000

const refused = (name: ViewName, why: string): AppError =>
  new AppError('InvalidInput', `the view ${name}: ${beginning(why, LONGEST_WHY)}`, { details: { view: name } })
