import { createStore } from '@xstate/store'
import type { RunCounts, RunRow } from '../server/contract.ts'
import { follow } from '../server/follow.ts'

/** How many runs there are of each kind, all of them together. */
export const counts = createStore({
  context: { counts: undefined as RunCounts | undefined },
  on: { counted: (_, event: { counts: RunCounts }) => ({ counts: event.counts }) },
})

type Listener = (rows: readonly RunRow[]) => void

const listeners = new Set<Listener>()
/** While much happens, a list is looked up again so often. */
const LOOK_AGAIN_MS = 1_000

/** Hears of runs that have changed, until the function that it returns is called. */
const onChange = (listener: Listener): (() => void) => {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

/** The same, for a list that is looked up again soon after each change. */
export const onChangeLookUp = (look: () => void, listener: Listener = () => undefined): (() => void) => {
  let timer: ReturnType<typeof setTimeout> | undefined
  let lookedAt = 0
  const stop = onChange((rows) => {
    listener(rows)
    timer ??= setTimeout(
      () => {
        timer = undefined
        lookedAt = Date.now()
        look()
      },
      Math.max(0, lookedAt + LOOK_AGAIN_MS - Date.now()),
    )
  })
  return () => {
    clearTimeout(timer)
    stop()
  }
}

/** One stream for the whole page. */
export const followChanges = (signal: AbortSignal): void => {
  let lastId: string | undefined
  const tell = (rows: readonly RunRow[]): void => {
    for (const listener of listeners) listener(rows)
  }
  void follow(
    '/v1/changes?counts=true',
    {
      lastId: () => lastId,
      take: ({ event, data, id }) => {
        lastId = id ?? lastId
        if (event === 'counts') counts.trigger.counted({ counts: JSON.parse(data) as RunCounts })
        else if (event === 'rows') tell((JSON.parse(data) as { rows: readonly RunRow[] }).rows)
        // It begins anew, or behind something that it cannot tell any more.
        else tell([])
      },
    },
    signal,
  )
}
