import { createStore } from '@xstate/store'

export type Query = Readonly<Record<string, string>>

/** What the page shows: all that a colleague would need to see the same. */
interface Address {
  readonly path: string
  readonly query: Query
}

const read = (): Address => ({ path: location.pathname, query: Object.fromEntries(new URLSearchParams(location.search)) })

export const address = createStore({ context: read(), on: { moved: (_, { to }: { to: Address }) => to } })

addEventListener('popstate', () => {
  address.trigger.moved({ to: read() })
})
