import { useSelector } from '@xstate/store-preact'
import { useEffect } from 'preact/hooks'
import { address } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { session } from '../session/session-store.ts'
import { Who } from '../session/who.tsx'
import { counts } from '../runs/changes.ts'
import type { RunCounts } from '../server/contract.ts'
import { nextOf, preferences, themes } from '../preferences/preferences.ts'
import { memo } from '../parts/memo.tsx'
import { pageOf, pages } from './pages.ts'

/** Runs in which somebody has to decide something. */
const waitingIn = (known: RunCounts | undefined): number =>
  known === undefined ? 0 : known.standing.approval + known.standing.human + known.stuck.unresolved

export const Header = memo(() => {
  const path = useSelector(address, ({ context }) => context.path)
  const waiting = useSelector(counts, ({ context }) => waitingIn(context.counts))
  useEffect(() => {
    document.title = waiting > 0 ? `(${waiting}) Refold` : 'Refold'
  }, [waiting])
  const theme = useSelector(preferences, ({ context }) => context.theme)
  const here = pageOf(path)
  const scopes = useSelector(session, ({ context }) => context.who?.scopes)
  return (
    <header>
      <Link to="/runs" class="name">
        Refold
      </Link>
      <nav aria-label="Pages">
        {pages
          .filter(({ scope }) => scope === undefined || scopes === undefined || scopes.includes(scope))
          .map(({ to, name }) => (
            <Link key={to} to={to} {...(to === here ? { 'aria-current': 'page' as const } : {})}>
              {name}
              {to === '/inbox' && waiting > 0 && <span class="count"> {waiting}</span>}
            </Link>
          ))}
      </nav>
      <span class="space" />
      <button
        type="button"
        class="plain"
        onClick={() => {
          preferences.trigger.chosen({ change: { theme: nextOf(themes, theme) } })
        }}
      >
        Theme: {theme}
      </button>
      <Who />
    </header>
  )
})
