import { address, go, hrefOf, setQuery } from '../address/address.ts'
import { handOverKey } from '../commands/hand-over-key.ts'
import type { KeyAction } from '../keys/keys.ts'
import { goToNeighbour } from '../runs/neighbours.ts'
import { runs } from '../runs/runs-store.ts'
import { openFork } from '../fork/open-fork.tsx'
import { checkHere } from './check.ts'
import { centreOrFit } from './chart-view.ts'
import { goLive, here, moveBy, moveByTurn, moveTo, moveToCause, moveToEffect, moveToNotable, moveWithinCall, toggleLive } from './cursor.ts'
import { diffFrom } from './lineage.tsx'
import { openFind } from './find.ts'
import { changeSpeed, player } from './player.ts'
import { runCopies } from './run-copies.ts'
import { openRun } from './run-store.ts'
import { panBy, showWhole, zoomBy } from './zoom.ts'

const PANES = ['chart', 'calls', 'timeline', 'transcript', 'detail', 'budgets', 'work'] as const

/** On a narrow screen it is shown instead of the other one. */
const focusPane = (name: string): void => {
  setQuery({ pane: name })
  queueMicrotask(() => document.getElementById(name)?.focus())
}

/** From the event at the cursor. */
export const forkHere = (): void => {
  openFork(openRun.getSnapshot().context.runId, here())
}

const action = (keys: string | readonly string[], does: string, act: () => void): KeyAction => ({
  keys: typeof keys === 'string' ? [keys] : keys,
  does,
  act,
})

/** How one walks through a run without a mouse. */
export const runActions: readonly KeyAction[] = [
  action('ArrowLeft', 'Event before', () => {
    moveBy(-1)
  }),
  action('ArrowRight', 'Next event', () => {
    moveBy(1)
  }),
  action('Shift+ArrowLeft', 'Turn before', () => {
    moveByTurn(-1)
  }),
  action('Shift+ArrowRight', 'Next turn', () => {
    moveByTurn(1)
  }),
  action('Home', 'First event', () => {
    moveTo(0)
  }),
  action('End', 'Newest event, and stay with it', goLive),
  action('l', 'Follow what happens, or stay where it is', toggleLive),
  action('.', 'Next event of the same call', () => {
    moveWithinCall(1)
  }),
  action(',', 'Event before of the same call', () => {
    moveWithinCall(-1)
  }),
  action('n', 'Next failure or decision', () => {
    moveToNotable(1)
  }),
  action('p', 'Failure or decision before', () => {
    moveToNotable(-1)
  }),
  action('c', 'To the cause', moveToCause),
  action('e', 'To the effect', moveToEffect),
  action(' ', 'Play, stop', player.trigger.toggled),
  action('>', 'Play faster', () => {
    changeSpeed(1)
  }),
  action('<', 'Play slower', () => {
    changeSpeed(-1)
  }),
  action('/', 'Search this run', openFind),
  action('f', 'Centre the chart on where the run stands; again: the whole chart', centreOrFit),
  action(['w', '+'], 'Show less time, around the cursor', () => {
    zoomBy(0.5)
  }),
  action(['s', '-'], 'Show more time', () => {
    zoomBy(2)
  }),
  action('a', 'Show the time before', () => {
    panBy(-0.5)
  }),
  action('d', 'Show the time after', () => {
    panBy(0.5)
  }),
  action('0', 'Show the whole run', showWhole),
  action('v', 'Check this event against the server', checkHere),
  action('o', 'Timeline as spans, as calls', () => {
    setQuery({ rows: address.getSnapshot().context.query['rows'] === 'spans' ? undefined : 'spans' })
  }),
  handOverKey(() => document.querySelector('.run-header')),
  action('F', 'Fork from here', forkHere),
  action('D', 'Compare: a fork with its origin, any other run with one that you choose', () => {
    const { runId, states } = openRun.getSnapshot().context
    go(diffFrom(runId, states.at(-1)))
  }),
  action('J', 'Next run of the list', () => void goToNeighbour(1)),
  action('K', 'Previous run of the list', () => void goToNeighbour(-1)),
  action('Escape', 'Back to the list', () => {
    go(hrefOf('/runs', runs.getSnapshot().context.search))
  }),
  ...runCopies,
  ...PANES.map((name, index) =>
    action(String(index + 1), `To the ${name}`, () => {
      focusPane(name)
    }),
  ),
]
