import { useEffect, useMemo } from 'preact/hooks'
import { useSelector } from '@xstate/store-preact'
import { createStore } from '@xstate/store'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { ask } from '../server/ask.ts'
import type { OutlinePage } from '../server/contract.ts'
import { timelineOf, type Group } from './timeline.ts'

/** The child run whose rows are shown below its own, as far as one page of its outline goes. */
interface ChildOutline {
  readonly runId: string | undefined
  readonly rows: readonly OutlineRow[]
  readonly error: unknown
}

const nobody: ChildOutline = { runId: undefined, rows: [], error: undefined }

const child = createStore({
  context: nobody,
  on: {
    wanted: (before, { runId }: { runId: string | undefined }, enqueue): ChildOutline => {
      if (runId !== undefined) enqueue.effect(() => void load(runId))
      return before.runId === runId ? before : { ...nobody, runId }
    },
    loaded: (before, { runId, rows }: { runId: string; rows: readonly OutlineRow[] }): ChildOutline =>
      before.runId === runId ? { runId, rows, error: undefined } : before,
    failed: (before, { runId, error }: { runId: string; error: unknown }): ChildOutline =>
      before.runId === runId ? { ...before, error } : before,
  },
})

const load = async (runId: string): Promise<void> => {
  try {
    const { rows } = await ask<OutlinePage>(`/v1/runs/${encodeURIComponent(runId)}/outline?from=0`)
    child.trigger.loaded({ runId, rows: rows as readonly OutlineRow[] })
  } catch (error) {
    child.trigger.failed({ runId, error })
  }
}

interface ChildRows {
  readonly groups: readonly Group[]
  readonly end: number
  readonly error: unknown
}

/** `newest`: the newest event of the parent that tells of the child, with which it is looked up again. */
export const useChildRows = (runId: string | undefined, newest: number | undefined): ChildRows => {
  const known = useSelector(child, ({ context }) => context)
  useEffect(() => {
    child.trigger.wanted({ runId })
  }, [runId, newest])
  const rows = known.runId === runId ? known.rows : nobody.rows
  const groups = useMemo(() => timelineOf(rows), [rows])
  return { groups, end: rows.at(-1)?.at ?? 0, error: known.runId === runId ? known.error : undefined }
}
