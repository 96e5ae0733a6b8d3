import { createStore } from '@xstate/store'

export type Query = Readonly<Record<string, string>>

/** What the page shows: all that a colleague would need to see the same. */
export interface Address {
  readonly path: string
  readonly query: Query
  /** What lies behind `#`: no server is told it. */
  readonly fragment: Query
}

const membersOf = (text: string): Query => Object.fromEntries(new URLSearchParams(text))

const read = (): Address => ({ path: location.pathname, query: membersOf(location.search), fragment: membersOf(location.hash.slice(1)) })

export const address = createStore({ context: read(), on: { moved: (_, { to }: { to: Address }) => to } })

addEventListener('popstate', () => {
  address.trigger.moved({ to: read() })
})

type Members = Readonly<Record<string, string | undefined>>

const textOf = (members: Members, isLeftOut: (value: string) => boolean): string => {
  const given = Object.entries(members).filter((pair): pair is [string, string] => pair[1] !== undefined && !isLeftOut(pair[1]))
  return new URLSearchParams(given).toString()
}

/** `/runs?status=active`, `/analytics/sql#q=…`; members that are undefined are left out, and of a query those that are empty. */
export const hrefOf = (path: string, query: Members = {}, fragment: Members = {}): string => {
  const [asked, behind] = [textOf(query, (value) => value === ''), textOf(fragment, () => false)]
  return `${path}${asked === '' ? '' : `?${asked}`}${behind === '' ? '' : `#${behind}`}`
}

/** A jump, which *back* undoes. */
export const go = (href: string): void => {
  if (href === location.pathname + location.search + location.hash) return
  history.pushState(null, '', href)
  address.trigger.moved({ to: read() })
}

/** A change that is no step of its own, as each move of a slider is. */
const replace = (href: string): void => {
  history.replaceState(history.state, '', href)
  address.trigger.moved({ to: read() })
}

/** Changes some of the query and leaves the rest; `undefined` takes a member out. */
export const setQuery = (changes: Members, how: 'jump' | 'slide' = 'jump'): void => {
  const { path, query, fragment } = address.getSnapshot().context
  const href = hrefOf(path, { ...query, ...changes }, fragment)
  if (how === 'jump') go(href)
  else replace(href)
}

/** The same behind `#`: what is there is changed, or `all` of it replaced. */
export const setFragment = (changes: Members, how: 'some' | 'all' = 'some'): void => {
  const { path, query, fragment } = address.getSnapshot().context
  go(hrefOf(path, query, how === 'all' ? changes : { ...fragment, ...changes }))
}
