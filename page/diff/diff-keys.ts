import type { KeyAction } from '../keys/keys.ts'

/** The next one, or the one before. */
const focusDifference = (step: 1 | -1): void => {
  const all = [...document.querySelectorAll<HTMLElement>('.pairs .differs')]
  const at = all.findIndex((each) => each.contains(document.activeElement))
  const next = all[at < 0 ? (step === 1 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + step))]
  next?.focus()
  next?.scrollIntoView({ block: 'center' })
}

/** How one walks through two runs without a mouse. */
export const diffActions: readonly KeyAction[] = [
  {
    keys: ['n'],
    does: 'Next difference',
    act: () => {
      focusDifference(1)
    },
  },
  {
    keys: ['p'],
    does: 'Difference before',
    act: () => {
      focusDifference(-1)
    },
  },
]
