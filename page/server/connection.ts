import { createStore } from '@xstate/store'

/** Whether the server answers. */
interface Connection {
  /** Since when it does not; ms since the epoch. */
  readonly lostAt: number | undefined
  /** Whether it wants a key. */
  readonly wantsKey: boolean
}

const initial: Connection = { lostAt: undefined, wantsKey: false }

export const connection = createStore({
  context: initial,
  on: {
    answered: (before) => (before.lostAt === undefined ? before : { ...before, lostAt: undefined }),
    silent: (before, { at }: { at: number }) => (before.lostAt === undefined ? { ...before, lostAt: at } : before),
    keyWanted: (before) => ({ ...before, wantsKey: true }),
  },
})

export const noteAnswer = (): void => {
  connection.trigger.answered()
}

export const noteSilence = (): void => {
  connection.trigger.silent({ at: Date.now() })
}
