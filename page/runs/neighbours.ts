import { address, go, hrefOf } from '../address/address.ts'
import { runHref } from './run-row.tsx'
import { runs, type Runs } from './runs-store.ts'

/** The list as somebody has left it, or, where a link has led past it, as it is without a filter. */
const listed = (): Promise<Runs['rows']> => {
  const { state, rows } = runs.getSnapshot().context
  if (state === 'loaded') return Promise.resolve(rows)
  return new Promise((resolve) => {
    const following = runs.subscribe(({ context }) => {
      if (context.state !== 'loaded' && context.error === undefined) return
      following.unsubscribe()
      resolve(context.rows)
    })
    if (state === 'empty') runs.trigger.asked({ search: {} })
  })
}

/** Opens the run that stands after or before the open one in the list, at the same pane. */
export const goToNeighbour = async (step: 1 | -1): Promise<void> => {
  const { path, query } = address.getSnapshot().context
  const rows = await listed()
  const index = rows.findIndex(({ runId }) => runHref(runId) === path)
  const next = rows[index + step]
  if (next !== undefined && address.getSnapshot().context.path === path) go(hrefOf(runHref(next.runId), { pane: query['pane'] }))
}
