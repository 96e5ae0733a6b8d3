import { address, go, setQuery } from '../address/address.ts'
import type { KeyAction } from '../keys/keys.ts'
import { runHref } from './run-row.tsx'
import { runs } from './runs-store.ts'

const selected = (): string | undefined => address.getSnapshot().context.query['peek']

const move = (by: 1 | -1): void => {
  const { rows } = runs.getSnapshot().context
  const index = rows.findIndex(({ runId }) => runId === selected())
  const row = rows[Math.max(0, Math.min(rows.length - 1, index + by))]
  if (row !== undefined) setQuery({ peek: row.runId }, 'slide')
}

/** How one walks through the list, with one run beside it. */
export const listActions: readonly KeyAction[] = [
  { keys: ['/'], does: 'Search', act: () => document.querySelector<HTMLElement>('input[type=search]')?.focus() },
  {
    keys: ['j'],
    does: 'Next run',
    act: () => {
      move(1)
    },
  },
  {
    keys: ['k'],
    does: 'Previous run',
    act: () => {
      move(-1)
    },
  },
  {
    keys: ['Enter'],
    does: 'Open the run',
    act: () => {
      const runId = selected()
      if (runId !== undefined) go(runHref(runId))
    },
  },
  {
    keys: ['Escape'],
    does: 'Close the run beside the list',
    act: () => {
      setQuery({ peek: undefined })
    },
  },
]
