import { createStore } from '@xstate/store'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { pathPart } from '../address/path-part.ts'
import { ask, type Refused } from '../server/ask.ts'
import type { OutlinePage, RunPage, RunRow } from '../server/contract.ts'
import { follow } from '../server/follow.ts'
import { runAfter, type RunAt } from './run-fold.ts'

/** One run, as far as its events are here. */
export interface OpenRun {
  readonly runId: string
  /** Append-only, with one state for each. */
  readonly rows: readonly OutlineRow[]
  readonly states: readonly RunAt[]
  /** What the list says of it: why it stands still, and what helps. */
  readonly row: RunRow | undefined
  readonly isWhole: boolean
  readonly error: unknown
}

const nobody: OpenRun = { runId: '', rows: [], states: [], row: undefined, isWhole: false, error: undefined }

export const openRun = createStore({
  context: nobody,
  on: {
    opened: (before, { runId }: { runId: string }) => (before.runId === runId ? before : { ...nobody, runId }),
    appended: (before, { runId, rows }: { runId: string; rows: readonly OutlineRow[] }) => {
      const fresh = rows.filter(({ revision }) => revision >= before.rows.length)
      if (before.runId !== runId || fresh.length === 0) return before
      const states = before.states.slice()
      for (const row of fresh) states.push(runAfter(states.at(-1), row, runId))
      return { ...before, rows: [...before.rows, ...fresh], states }
    },
    whole: (before, { runId }: { runId: string }) => (before.runId === runId ? { ...before, isWhole: true } : before),
    described: (before, { runId, row }: { runId: string; row: RunRow | undefined }) =>
      before.runId === runId ? { ...before, row } : before,
    failed: (before, { runId, error }: { runId: string; error: unknown }) => (before.runId === runId ? { ...before, error } : before),
  },
})

const pathOf = (runId: string): string => `/v1/runs/${pathPart(runId)}`

/** Loads the run, then follows it, until the signal is aborted. */
export const followRun = async (runId: string, signal: AbortSignal): Promise<void> => {
  openRun.trigger.opened({ runId })
  try {
    await loadOutline(runId, signal)
  } catch (error) {
    if (!signal.aborted) openRun.trigger.failed({ runId, error })
    return
  }
  openRun.trigger.whole({ runId })
  const describe = describer(runId, signal)
  describe()
  await follow(
    `${pathOf(runId)}/outline`,
    {
      lastId: () => String(openRun.getSnapshot().context.rows.length - 1),
      take: ({ event, data }) => {
        if (event !== 'row') return
        openRun.trigger.appended({ runId, rows: [JSON.parse(data) as OutlineRow] })
        describe()
      },
      end: (refused: Refused | undefined) => {
        if (refused !== undefined) openRun.trigger.failed({ runId, error: refused })
      },
    },
    signal,
  )
}

const loadOutline = async (runId: string, signal: AbortSignal): Promise<void> => {
  let from: number | null = openRun.getSnapshot().context.rows.length
  while (from !== null) {
    const page: OutlinePage = await ask<OutlinePage>(`${pathOf(runId)}/outline?from=${from}`, { signal })
    openRun.trigger.appended({ runId, rows: page.rows as readonly OutlineRow[] })
    from = page.next
  }
}

const DESCRIBED_AGAIN_MS = 300

/** Asks, once nothing has happened for a moment, what the list says of the run. */
const describer = (runId: string, signal: AbortSignal): (() => void) => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const ask = async (): Promise<void> => {
    const row = await rowOf(runId, signal).catch(() => undefined)
    if (!signal.aborted) openRun.trigger.described({ runId, row })
  }
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
  })
  return () => {
    clearTimeout(timer)
    timer = setTimeout(() => void ask(), DESCRIBED_AGAIN_MS)
  }
}

const rowOf = async (runId: string, signal: AbortSignal): Promise<RunRow | undefined> => {
  const { runs } = await ask<RunPage>(`/v1/runs?${new URLSearchParams({ q: `id:${runId}`, limit: '50' }).toString()}`, { signal })
  return runs.find((row) => row.runId === runId)
}
