import { createStore } from '@xstate/store'
import { address } from '../address/address.ts'
import { preferences } from '../preferences/preferences.ts'
import { cursorOf, moveTo } from './cursor.ts'
import { pauseMs, speeds } from './pace.ts'
import { openRun } from './run-store.ts'

const calm = matchMedia('(prefers-reduced-motion: reduce)')

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
  wait()
}

const wait = (): void => {
  const { rows } = openRun.getSnapshot().context
  const { at } = cursor()
  const passed = (rows[at + 1]?.at ?? 0) - (rows[at]?.at ?? 0)
  setTimeout(step, pauseMs(preferences.getSnapshot().context.speed, passed, calm.matches))
}

/** The next speed of the list, or the one before; the first and the last stay. */
export const changeSpeed = (by: 1 | -1): void => {
  const at = speeds.indexOf(preferences.getSnapshot().context.speed) + by
  const speed = speeds[at]
  if (speed !== undefined) preferences.trigger.chosen({ change: { speed } })
}

const step = (): void => {
  if (!player.getSnapshot().context.isPlaying) return
  const { at, newest } = cursor()
  if (at >= newest) {
    player.trigger.stopped()
    return
  }
  moveTo(at + 1, 'slide')
  wait()
}
