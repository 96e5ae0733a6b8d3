import type { RunRow } from '../server/contract.ts'
import { follow } from '../server/follow.ts'
import { runs } from './runs-store.ts'

/** While much happens, the list is looked up again so often. */
const LOOK_AGAIN_MS = 1_000

/** Keeps the list as the runs are, until the signal is aborted. */
export const liveRuns = (signal: AbortSignal): void => {
  let lastId: string | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let lookedAt = 0
  const look = (): void => {
    timer = undefined
    lookedAt = Date.now()
    runs.trigger.asked({ search: runs.getSnapshot().context.search })
  }
  const lookSoon = (): void => {
    timer ??= setTimeout(look, Math.max(0, lookedAt + LOOK_AGAIN_MS - Date.now()))
  }
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
  })
  void follow(
    '/v1/changes',
    {
      lastId: () => lastId,
      take: ({ event, data, id }) => {
        lastId = id ?? lastId
        if (event === 'rows') runs.trigger.rowsChanged(JSON.parse(data) as { rows: readonly RunRow[] })
        // It begins anew, or behind something that it cannot tell any more.
        lookSoon()
      },
    },
    signal,
  )
}
