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

const read = ({ pathname, search, hash }: Pick<URL, 'pathname' | 'search' | 'hash'>): Address => ({
  path: pathname,
  query: membersOf(search),
  fragment: membersOf(hash.slice(1)),
})

export const address = createStore({ context: read(location), on: { moved: (_, { to }: { to: Address }) => to } })

const shownHref = (): string => location.pathname + location.search + location.hash

/** A browser takes 20 ms over each change of its line, and refuses more than some in a second. */
const RESTS_AFTER_MS = 200
let resting: ReturnType<typeof setTimeout> | undefined
let unwritten: string | undefined

/** The browser's line is behind while a slider moves. */
const write = (): void => {
  if (unwritten !== undefined && unwritten !== shownHref()) history.replaceState(history.state, '', unwritten)
  unwritten = undefined
}

addEventListener('popstate', () => {
  clearTimeout(resting)
  resting = undefined
  unwritten = undefined
  address.trigger.moved({ to: read(location) })
})
addEventListener('pagehide', write)

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
  write()
  if (href === shownHref()) return
  history.pushState(null, '', href)
  address.trigger.moved({ to: read(location) })
}

/** A change that is no step of its own, as each move of a slider is: the first stands in the browser's line at once, the last when it rests. */
const replace = (href: string): void => {
  unwritten = href
  if (resting === undefined) write()
  clearTimeout(resting)
  resting = setTimeout(() => {
    resting = undefined
    write()
  }, RESTS_AFTER_MS)
  address.trigger.moved({ to: read(new URL(href, location.origin)) })
}

/** The whole address of what is shown. */
export const currentLink = (): string => {
  write()
  return location.href
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
