export interface NamedPage {
  readonly to: string
  readonly name: string
  /** Leads there behind `g`. */
  readonly letter: string
  /** Without it the server gives nothing there. */
  readonly scope?: 'sql'
}

export const pages: readonly NamedPage[] = [
  { to: '/runs', name: 'Runs', letter: 'r' },
  { to: '/inbox', name: 'Inbox', letter: 'i' },
  { to: '/charts', name: 'Charts', letter: 'c' },
  { to: '/evals', name: 'Evals', letter: 'e' },
  { to: '/datasets', name: 'Datasets', letter: 'd' },
  { to: '/analytics', name: 'Analytics', letter: 'a' },
  { to: '/analytics/sql', name: 'SQL', letter: 's', scope: 'sql' },
  { to: '/help', name: 'Help', letter: 'h' },
]

/** The page to which a path belongs: the one whose address is the longest beginning of it. */
export const pageOf = (path: string): string | undefined =>
  path === '/'
    ? '/runs'
    : pages
        .map(({ to }) => to)
        .reduce<string | undefined>((found, to) => (path.startsWith(to) && to.length > (found?.length ?? 0) ? to : found), undefined)
