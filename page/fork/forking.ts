import { createStore } from '@xstate/store'

/** From where somebody is about to fork a run. */
export interface Forking {
  readonly runId: string
  readonly at: number
}

const initial: { readonly from: Forking | undefined } = { from: undefined }

export const forking = createStore({
  context: initial,
  on: {
    opened: (_, { from }: { from: Forking }) => ({ from }),
    closed: () => initial,
  },
})
