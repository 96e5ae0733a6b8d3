import { createStore } from '@xstate/store'
import { hrefOf, type Query } from '../address/address.ts'
import { ask } from '../server/ask.ts'
import type { RunCounts, RunPage, RunRow } from '../server/contract.ts'
import { mergedRows } from './merged-rows.ts'

/** What the address may ask of the list. */
const ASKED = ['q', 'status', 'standing', 'stuck', 'order'] as const
const ROWS_AT_ONCE = 200

export interface Runs {
  /** What the rows are an answer to. */
  readonly search: Query
  readonly rows: readonly RunRow[]
  /** Where the next page begins; null behind the last one. */
  readonly next: string | null
  readonly counts: RunCounts | undefined
  /** Those that stand still and need somebody, the longest first. */
  readonly stuck: readonly RunRow[]
  readonly state: 'empty' | 'loading' | 'more' | 'loaded'
  readonly error: unknown
  /** Of the newest answer. */
  readonly behind: RunPage['behind']
  /** Rows that have changed since the first page was asked for. */
  readonly changed: ReadonlySet<string>
}

const initial: Runs = {
  search: {},
  rows: [],
  next: null,
  counts: undefined,
  stuck: [],
  state: 'empty',
  error: undefined,
  behind: undefined,
  changed: new Set(),
}

/** Of an address, what the list is asked for. */
export const searchOf = (query: Query): Query =>
  Object.fromEntries(ASKED.flatMap((name) => (query[name] === undefined || query[name] === '' ? [] : [[name, query[name]]])))

const isSame = (one: Query, other: Query): boolean => hrefOf('', one) === hrefOf('', other)

export const runs = createStore({
  context: initial,
  on: {
    /** Another search empties the list; the same one is looked up again and keeps what is shown. */
    asked: (before, { search }: { search: Query }, enqueue) => {
      const kept = isSame(before.search, search) ? before : { ...initial, search }
      enqueue.effect(() => void loadFirst(search))
      // Why there is nothing stays until something is there.
      const isFirst = kept.state === 'empty' && kept.error === undefined
      return { ...kept, state: isFirst ? 'loading' : kept.state, changed: new Set() }
    },
    loaded: (before, { search, page, stuck }: { search: Query; page: RunPage; stuck: readonly RunRow[] }) => {
      if (!isSame(before.search, search)) return before
      const isFirst = before.state === 'loading' || before.state === 'empty'
      return {
        ...before,
        rows: isFirst ? page.runs : mergedRows(before.rows, page, before.changed),
        next: isFirst || page.next === null ? page.next : before.next,
        counts: page.counts,
        stuck,
        behind: page.behind,
        state: before.state === 'more' ? 'more' : 'loaded',
        error: undefined,
      }
    },
    moreWanted: (before, _: unknown, enqueue) => {
      if (before.state !== 'loaded' || before.next === null) return before
      const { search, next } = before
      enqueue.effect(() => void loadMore(search, next))
      return { ...before, state: 'more' }
    },
    moreLoaded: (before, { search, page }: { search: Query; page: RunPage }) => {
      if (!isSame(before.search, search)) return before
      const known = new Set(before.rows.map(({ runId }) => runId))
      const rows = [...before.rows, ...page.runs.filter(({ runId }) => !known.has(runId))]
      return { ...before, rows, next: page.next, state: 'loaded', error: undefined }
    },
    /** What is shown of them is new at once; which of them fit is for the server to say. */
    rowsChanged: (before, { rows }: { rows: readonly RunRow[] }) => {
      const changed = new Map(rows.map((row) => [row.runId, row]))
      return {
        ...before,
        rows: before.rows.map((row) => changed.get(row.runId) ?? row),
        changed: new Set([...before.changed, ...changed.keys()]),
      }
    },
    failed: (before, { search, error }: { search: Query; error: unknown }) =>
      isSame(before.search, search) ? { ...before, error, state: before.rows.length === 0 ? 'empty' : 'loaded' } : before,
  },
})

const loadFirst = async (search: Query): Promise<void> => {
  try {
    const query = { ...search, counts: 'true', limit: String(ROWS_AT_ONCE) }
    const [page, stuck] = await Promise.all([ask<RunPage>(hrefOf('/v1/runs', query)), loadStuck(search)])
    runs.trigger.loaded({ search, page, stuck })
  } catch (error) {
    runs.trigger.failed({ search, error })
  }
}

/** They stand above the whole list only. */
const loadStuck = async (search: Query): Promise<readonly RunRow[]> => {
  if (Object.keys(search).some((name) => name !== 'order')) return []
  const { runs: rows } = await ask<RunPage>('/v1/runs?stuck=any&order=waiting&limit=20')
  return rows
}

const loadMore = async (search: Query, cursor: string): Promise<void> => {
  try {
    const page = await ask<RunPage>(hrefOf('/v1/runs', { ...search, limit: String(ROWS_AT_ONCE), cursor }))
    runs.trigger.moreLoaded({ search, page })
  } catch (error) {
    runs.trigger.failed({ search, error })
  }
}
