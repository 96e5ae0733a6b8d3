import { useSelector } from '@xstate/store-preact'
import { address } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { nextOf, preferences, themes } from '../preferences/preferences.ts'

const PAGES = [{ to: '/runs', name: 'Runs' }]

export const Header = () => {
  const path = useSelector(address, ({ context }) => context.path)
  const theme = useSelector(preferences, ({ context }) => context.theme)
  const isHere = (to: string): boolean => path.startsWith(to) || (to === '/runs' && path === '/')
  return (
    <header>
      <Link to="/runs" class="name">
        Refold
      </Link>
      <nav aria-label="Pages">
        {PAGES.map(({ to, name }) => (
          <Link key={to} to={to} {...(isHere(to) ? { 'aria-current': 'page' as const } : {})}>
            {name}
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
    </header>
  )
}
