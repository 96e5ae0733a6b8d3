import { setQuery, type Query } from '../address/address.ts'
import { useKeys } from '../keys/keys.ts'
import { goLive, moveBy, moveByTurn, moveTo, moveToCause, moveToEffect, moveToNotable, moveWithinCall } from './cursor.ts'
import { player } from './player.ts'

const PANES = ['chart', 'calls', 'timeline', 'transcript', 'detail', 'budgets', 'work']

/** How one walks through a run without a mouse. */
export const useRunKeys = (query: Query): void => {
  useKeys({
    ArrowLeft: () => {
      moveBy(-1)
    },
    ArrowRight: () => {
      moveBy(1)
    },
    'Shift+ArrowLeft': () => {
      moveByTurn(-1)
    },
    'Shift+ArrowRight': () => {
      moveByTurn(1)
    },
    Home: () => {
      moveTo(0)
    },
    End: goLive,
    l: goLive,
    '.': () => {
      moveWithinCall(1)
    },
    ',': () => {
      moveWithinCall(-1)
    },
    n: () => {
      moveToNotable(1)
    },
    p: () => {
      moveToNotable(-1)
    },
    c: moveToCause,
    e: moveToEffect,
    ' ': player.trigger.toggled,
    f: () => {
      setQuery({ chart: query['chart'] === 'full' ? undefined : 'full' })
    },
    ...Object.fromEntries(PANES.map((name, index) => [String(index + 1), () => focusPane(name)])),
  })
}

/** On a narrow screen it is shown instead of the other one. */
const focusPane = (name: string): void => {
  setQuery({ pane: name })
  queueMicrotask(() => document.getElementById(name)?.focus())
}
