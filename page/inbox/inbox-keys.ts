import { handOverKey } from '../commands/hand-over-key.ts'
import type { KeyAction } from '../keys/keys.ts'

const cards = (): readonly HTMLElement[] => [...document.querySelectorAll<HTMLElement>('.card')]

const indexOfFocus = (): number => cards().findIndex((card) => card.contains(document.activeElement))

const focusCard = (step: 1 | -1): void => {
  const all = cards()
  all[Math.max(0, Math.min(all.length - 1, indexOfFocus() + step))]?.focus()
}

/** No key decides: it opens the dialog that does. */
export const inboxActions: readonly KeyAction[] = [
  { keys: ['/'], does: 'Search', act: () => document.querySelector<HTMLElement>('input[type=search]')?.focus() },
  {
    keys: ['j'],
    does: 'Next question',
    act: () => {
      focusCard(1)
    },
  },
  {
    keys: ['k'],
    does: 'Previous question',
    act: () => {
      focusCard(-1)
    },
  },
  {
    keys: ['Enter'],
    does: 'Open the dialog of its first decision',
    act: () => cards()[indexOfFocus()]?.querySelector<HTMLElement>('.buttons button')?.click(),
  },
  handOverKey(() => cards()[indexOfFocus()]),
]
