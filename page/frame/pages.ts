/** Every page that has a name, with the letter that leads there behind `g`. */
export const pages = [
  { to: '/runs', name: 'Runs', letter: 'r' },
  { to: '/inbox', name: 'Inbox', letter: 'i' },
  { to: '/analytics/sql', name: 'SQL', letter: 's' },
  { to: '/help', name: 'Help', letter: 'h' },
] as const

/** The page to which a path belongs: the one whose address is the longest beginning of it. */
export const pageOf = (path: string): string | undefined =>
  path === '/'
    ? '/runs'
    : pages
        .map(({ to }) => to)
        .reduce<string | undefined>((found, to) => (path.startsWith(to) && to.length > (found?.length ?? 0) ? to : found), undefined)
