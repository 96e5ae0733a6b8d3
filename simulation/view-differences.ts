import { createProjector } from '../src/consumers/projector.ts'
import type { EventLog } from '../src/eventlog/event-log.ts'
import type { RunRow } from '../src/projections/run-index.ts'
import { sqliteViewStore } from '../src/views/sqlite/sqlite-view-store.ts'
import { viewNames, type ViewName, type ViewRow } from '../src/views/view-queries.ts'
import type { ViewStore } from '../src/views/view-store.ts'

const PAGE = 1_000
/** Views that count from now are asked at one time on both sides. */
const NOW = Number.MAX_SAFE_INTEGER

/**
 * What a store of views shows that a fresh fold of its log does not, and the other way round; nothing where they are equal. For a store
 * that has taken in all of the log: whoever still appends has to be stopped before.
 */
export const viewDifferences = async (log: EventLog, views: ViewStore): Promise<string[]> => {
  const fresh = sqliteViewStore({ path: ':memory:' })
  try {
    await createProjector({ log, views: fresh }).catchUp()
    const differences = compare('rows', await allRuns(fresh), await allRuns(views))
    for (const name of viewNames) differences.push(...compare(name, await allOf(fresh, name), await allOf(views, name)))
    return differences
  } finally {
    await fresh.close()
  }
}

const allOf = async (views: ViewStore, name: ViewName): Promise<ViewRow[]> => {
  const rows: ViewRow[] = []
  let cursor: string | undefined
  do {
    const page = await views.query(name, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }, NOW)
    rows.push(...page.rows)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return rows
}

const allRuns = async (views: ViewStore): Promise<RunRow[]> => {
  const rows: RunRow[] = []
  for (;;) {
    const before = rows.at(-1)?.position
    const page = await views.list({ limit: PAGE, ...(before === undefined ? {} : { before }) })
    rows.push(...page)
    if (page.length < PAGE) return rows
  }
}

const compare = (name: string, expected: readonly object[], found: readonly object[]): string[] => {
  const wanted = expected.map(ordered)
  const shown = found.map(ordered)
  const [fresh, stored] = [new Set(wanted), new Set(shown)]
  const differences = [
    ...wanted.filter((text) => !stored.has(text)).map((text) => `${name}: the log says ${text}, the views do not`),
    ...shown.filter((text) => !fresh.has(text)).map((text) => `${name}: the views say ${text}, the log does not`),
  ]
  if (differences.length > 0 || wanted.join() === shown.join()) return differences
  return [`${name}: the same rows in another order, or some of them twice`]
}

/** A row that was stored has the same members in perhaps another order. */
const ordered = (row: object): string => JSON.stringify(row, sortedKeys(row))

const sortedKeys = (value: unknown): string[] => {
  const keys = new Set<string>()
  JSON.stringify(value, (key, inner: unknown) => {
    keys.add(key)
    return inner
  })
  return [...keys].sort()
}
