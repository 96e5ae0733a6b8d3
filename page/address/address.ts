import { createStore } from '@xstate/store'

export type Query = Readonly<Record<string, string>>

/** What the page shows: all that a colleague would need to see the same. */
export interface Address {
  readonly path: string
  readonly query: Query
}

const read = (): Address => ({ path: location.pathname, query: Object.fromEntries(new URLSearchParams(location.search)) })

export const address = createStore({ context: read(), on: { moved: (_, { to }: { to: Address }) => to } })

addEventListener('popstate', () => {
  address.trigger.moved({ to: read() })
})

/** `/runs?status=active`; members that are undefined or empty are left out. */
export const hrefOf = (path: string, query: Readonly<Record<string, string | undefined>> = {}): string => {
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '')
  const text = new URLSearchParams(given).toString()
  return text === '' ? path : `${path}?${text}`
}

/** A jump, which *back* undoes. */
export const go = (href: string): void => {
  if (href === location.pathname + location.search) return
  history.pushState(null, '', href)
  address.trigger.moved({ to: read() })
}

/** A change that is no step of its own, as each move of a slider is. */
const replace = (href: string): void => {
  history.replaceState(history.state, '', href)
  address.trigger.moved({ to: read() })
}

/** Changes some of the query and leaves the rest; `undefined` takes a member out. */
export const setQuery = (changes: Readonly<Record<string, string | undefined>>, how: 'jump' | 'slide' = 'jump'): void => {
  const { path, query } = address.getSnapshot().context
  const href = hrefOf(path, { ...query, ...changes })
  if (how === 'jump') go(href)
  else replace(href)
}
