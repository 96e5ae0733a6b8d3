import { go } from '../address/address.ts'
import { copyLink } from '../keys/copy-keys.ts'
import type { KeyAction } from '../keys/keys.ts'
import { palette } from '../palette/palette-store.ts'
import { nextOf, preferences, themes, times } from '../preferences/preferences.ts'
import { expandActions } from './expand-all.ts'
import { pages } from './pages.ts'

/** What a key does on every page. */
export const frameActions: readonly KeyAction[] = [
  { keys: ['Mod+k'], does: 'Find a page, a run or a command', act: palette.trigger.opened },
  ...pages.map(({ to, name, letter }) => ({
    keys: [`g ${letter}`, ...(to === '/help' ? ['?'] : [])],
    does: `Go to ${name}`,
    act: () => {
      go(to)
    },
  })),
  copyLink,
  ...expandActions,
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
