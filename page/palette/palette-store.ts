import { createStore } from '@xstate/store'

/** Whether somebody looks for a command. */
export const palette = createStore({
  context: { isOpen: false },
  on: { opened: () => ({ isOpen: true }), closed: () => ({ isOpen: false }) },
})
