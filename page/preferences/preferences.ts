import { createStore } from '@xstate/store'
import { speeds, type Speed } from '../run/pace.ts'

export const themes = ['system', 'light', 'dark'] as const
export const times = ['relative', 'start', 'local', 'utc'] as const

/** Something that was kept under a name. */
export interface Named {
  readonly name: string
  readonly text: string
}

export interface Preferences {
  readonly theme: (typeof themes)[number]
  /** How a time is shown: from now, since the run began, on the clock of this machine, in UTC. */
  readonly times: (typeof times)[number]
  /** Whether single letters are commands. */
  readonly letters: boolean
  /** Widths of the columns of a run, in hundredths of the whole; undefined as long as nobody has moved them. */
  readonly columns: readonly number[] | undefined
  /** Along what the slider of a run goes. */
  readonly slider: 'step' | 'time'
  readonly speed: Speed
  /** What the list of runs was asked for, as it stands in an address. */
  readonly views: readonly Named[]
  /** Statements in SQL. */
  readonly queries: readonly Named[]
}

type List = 'views' | 'queries'
const MOST_NAMED = 100

const KEY = 'refold.preferences'
const initial: Preferences = {
  theme: 'system',
  times: 'relative',
  letters: true,
  columns: undefined,
  slider: 'step',
  speed: '1',
  views: [],
  queries: [],
}

const COLUMNS = 3

const columnsIn = (value: unknown): readonly number[] | undefined =>
  Array.isArray(value) && value.length === COLUMNS && value.every((width) => typeof width === 'number' && width > 0 && width < 100)
    ? (value as readonly number[])
    : undefined

const isNamed = (value: unknown): value is Named => {
  const { name, text } = (value ?? {}) as Partial<Record<keyof Named, unknown>>
  return typeof name === 'string' && typeof text === 'string'
}

const namedIn = (value: unknown): readonly Named[] => (Array.isArray(value) ? value.filter(isNamed).slice(0, MOST_NAMED) : [])

/** A browser may keep nothing, and what it has kept may be of another version. */
const kept = (): Preferences => {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Record<keyof Preferences, unknown>>
    return {
      theme: themes.find((theme) => theme === found.theme) ?? initial.theme,
      times: times.find((way) => way === found.times) ?? initial.times,
      letters: found.letters !== false,
      columns: columnsIn(found.columns),
      slider: found.slider === 'time' ? 'time' : 'step',
      speed: speeds.find((speed) => speed === found.speed) ?? initial.speed,
      views: namedIn(found.views),
      queries: namedIn(found.queries),
    }
  } catch {
    return initial
  }
}

export const preferences = createStore({
  context: kept(),
  on: {
    chosen: (before, { change }: { change: Partial<Preferences> }) => ({ ...before, ...change }),
    /** Under a name that is known, it takes the place of what was kept. */
    kept: (before, { list, named }: { list: List; named: Named }) => ({
      ...before,
      [list]: [...before[list].filter(({ name }) => name !== named.name), named].slice(-MOST_NAMED),
    }),
    forgotten: (before, { list, name }: { list: List; name: string }) => ({
      ...before,
      [list]: before[list].filter((each) => each.name !== name),
    }),
  },
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
