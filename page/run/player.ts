import { createStore } from '@xstate/store'
import { address } from '../address/address.ts'
import { cursorOf, moveTo } from './cursor.ts'
import { openRun } from './run-store.ts'

const STEP_MS = 300

/** Goes through the run event by event, from the cursor to the newest one. */
export const player = createStore({
  context: { isPlaying: false },
  on: {
    toggled: ({ isPlaying }, _: unknown, enqueue) => {
      if (!isPlaying) enqueue.effect(begin)
      return { isPlaying: !isPlaying }
    },
    stopped: () => ({ isPlaying: false }),
  },
})

const cursor = (): { readonly at: number; readonly newest: number } => {
  const { rows } = openRun.getSnapshot().context
  return { at: cursorOf(address.getSnapshot().context.query['at'], rows.length), newest: rows.length - 1 }
}

/** Played from its end, a run begins anew. */
const begin = (): void => {
  const { at, newest } = cursor()
  if (at >= newest) moveTo(0)
  setTimeout(step, STEP_MS)
}

const step = (): void => {
  if (!player.getSnapshot().context.isPlaying) return
  const { at, newest } = cursor()
  if (at >= newest) {
    player.trigger.stopped()
    return
  }
  moveTo(at + 1, 'slide')
  setTimeout(step, STEP_MS)
}
