import { createStore } from '@xstate/store'
import { hrefOf } from '../address/address.ts'
import { ask } from '../server/ask.ts'
import type { RunPage, RunRow } from '../server/contract.ts'

interface Forks {
  readonly runId: string
  /** The newest first. */
  readonly forks: readonly RunRow[]
}

const nothing: Forks = { runId: '', forks: [] }
const MOST_SHOWN = 20

/** The forks of the run that is looked at. */
export const forks = createStore({
  context: nothing,
  on: {
    wanted: (before, { runId }: { runId: string }, enqueue) => {
      enqueue.effect(() => void load(runId))
      return before.runId === runId ? before : { runId, forks: [] }
    },
    loaded: (before, { runId, found }: { runId: string; found: readonly RunRow[] }) =>
      before.runId === runId ? { runId, forks: found } : before,
  },
})

const load = async (runId: string): Promise<void> => {
  const query = { q: `fork:"${runId}"`, order: 'started', limit: String(MOST_SHOWN) }
  // A list that cannot be had is looked up again with the next change.
  const page = await ask<RunPage>(hrefOf('/v1/runs', query)).catch(() => undefined)
  if (page !== undefined) forks.trigger.loaded({ runId, found: page.runs.filter(({ fork }) => fork?.runId === runId) })
}
