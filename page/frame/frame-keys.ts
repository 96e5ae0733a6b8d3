import { go } from '../address/address.ts'
import type { KeyAction } from '../keys/keys.ts'
import { nextOf, preferences, themes, times } from '../preferences/preferences.ts'
import { pages } from './pages.ts'

/** What a key does on every page. */
export const frameActions: readonly KeyAction[] = [
  ...pages.map(({ to, name, letter }) => ({
    keys: [`g ${letter}`, ...(to === '/help' ? ['?'] : [])],
    does: `Go to ${name}`,
    act: () => {
      go(to)
    },
  })),
  {
    keys: ['t'],
    does: 'Show times from now, since the run began, local, in UTC',
    act: () => {
      preferences.trigger.chosen({ change: { times: nextOf(times, preferences.getSnapshot().context.times) } })
    },
  },
  {
    keys: ['\\'],
    does: 'Change the theme: system, light, dark',
    act: () => {
      preferences.trigger.chosen({ change: { theme: nextOf(themes, preferences.getSnapshot().context.theme) } })
    },
  },
]
