import { createStore } from '@xstate/store'

const query = matchMedia('(max-width: 760px)')

/** Whether the screen is as narrow as a telephone. */
export const screen = createStore({ context: { isNarrow: query.matches }, on: { turned: () => ({ isNarrow: query.matches }) } })

query.addEventListener('change', () => {
  screen.trigger.turned()
})
