import type { KeyAction } from '../keys/keys.ts'

/** Nobody reads more, and each costs. */
const MOST = 500

const press = (selector: string): void => {
  for (const button of [...document.querySelectorAll<HTMLElement>(selector)].slice(0, MOST)) button.click()
}

/** One level more with each press: what is nested has no end that is known. */
const expand = (): void => {
  press('main .branch > button[aria-expanded=false], main details:not([open]) > summary')
}

const collapse = (): void => {
  press('main .branch > button[aria-expanded=true], main details[open] > summary')
}

export const expandActions: readonly KeyAction[] = [
  { keys: ['['], does: 'Collapse all', act: collapse },
  { keys: [']'], does: 'Expand all by one level', act: expand },
]
