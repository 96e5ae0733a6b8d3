import { createStore } from '@xstate/store'

export const themes = ['system', 'light', 'dark'] as const
export const times = ['relative', 'start', 'local', 'utc'] as const

export interface Preferences {
  readonly theme: (typeof themes)[number]
  /** How a time is shown: from now, since the run began, on the clock of this machine, in UTC. */
  readonly times: (typeof times)[number]
  /** Whether single letters are commands. */
  readonly letters: boolean
}

const KEY = 'refold.preferences'
const initial: Preferences = { theme: 'system', times: 'relative', letters: true }

/** A browser may keep nothing, and what it has kept may be of another version. */
const kept = (): Preferences => {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Record<keyof Preferences, unknown>>
    return {
      theme: themes.find((theme) => theme === found.theme) ?? initial.theme,
      times: times.find((way) => way === found.times) ?? initial.times,
      letters: found.letters !== false,
    }
  } catch {
    return initial
  }
}

export const preferences = createStore({
  context: kept(),
  on: { chosen: (before, { change }: { change: Partial<Preferences> }) => ({ ...before, ...change }) },
})

const apply = ({ theme }: Preferences): void => {
  document.documentElement.dataset['theme'] = theme
}

apply(preferences.getSnapshot().context)
preferences.subscribe(({ context }) => {
  apply(context)
  try {
    localStorage.setItem(KEY, JSON.stringify(context))
  } catch {
    // It holds until the page is left.
  }
})

/** The one after this in a list, and the first after the last. */
export const nextOf = <Item>(items: readonly Item[], item: Item): Item => items[(items.indexOf(item) + 1) % items.length] ?? item
