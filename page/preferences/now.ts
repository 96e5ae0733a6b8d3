import { createStore } from '@xstate/store'

const SECOND_MS = 1_000

/** The time, once a second while somebody looks. */
export const now = createStore({ context: { at: Date.now() }, on: { passed: () => ({ at: Date.now() }) } })

setInterval(() => {
  if (document.visibilityState === 'visible') now.trigger.passed()
}, SECOND_MS)
