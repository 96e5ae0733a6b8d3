import { go } from '../address/address.ts'
import { useKeys } from '../keys/keys.ts'
import { nextOf, preferences, themes, times } from '../preferences/preferences.ts'

const PAGES: Readonly<Record<string, string>> = { r: '/runs', i: '/inbox' }
/** So long after `g` a letter says where. */
const GO_MS = 1_500

/** What a key does on every page. */
export const useFrameKeys = (): void => {
  useKeys({
    '?': () => {
      go('/help')
    },
    g: () => {
      waitForPlace()
    },
    t: () => {
      preferences.trigger.chosen({ change: { times: nextOf(times, preferences.getSnapshot().context.times) } })
    },
    '\\': () => {
      preferences.trigger.chosen({ change: { theme: nextOf(themes, preferences.getSnapshot().context.theme) } })
    },
  })
}

const waitForPlace = (): void => {
  const stop = (): void => {
    clearTimeout(timer)
    removeEventListener('keydown', take, { capture: true })
  }
  const take = (event: KeyboardEvent): void => {
    stop()
    const place = PAGES[event.key]
    if (place === undefined) return
    event.preventDefault()
    go(place)
  }
  const timer = setTimeout(stop, GO_MS)
  addEventListener('keydown', take, { capture: true })
}
