import { currentLink } from '../address/address.ts'
import { copyAs } from '../parts/clipboard.ts'
import type { KeyAction } from './keys.ts'

/** What a page has to be copied; undefined where it has nothing now. */
export interface Copies {
  readonly json: () => Promise<string | undefined> | string | undefined
  /** That shows the same in a shell. */
  readonly command: () => string | undefined
  readonly markdown: () => string | undefined
}

/** The address, which shows the same to whoever may see it. */
export const copyLink: KeyAction = {
  keys: ['y l'],
  does: 'Copy the link to what is shown',
  act: () => void copyAs('the link', currentLink()),
}

export const copyActions = ({ json, command, markdown }: Copies): readonly KeyAction[] => [
  {
    keys: ['y j'],
    does: 'Copy it as JSON',
    act: () => void Promise.resolve(json()).then((text) => copyAs('JSON', text)),
  },
  { keys: ['y s'], does: 'Copy the command that shows it in a shell', act: () => void copyAs('the command', command()) },
  { keys: ['y m'], does: 'Copy it as Markdown', act: () => void copyAs('Markdown', markdown()) },
]

/** A word of a shell's command, whatever it holds. */
export const shellWord = (text: string): string =>
  /^[\w./:@%+=,-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", "'\\''")}'`

/** Text of anybody within Markdown, as text. */
export const markdownText = (text: string): string => text.replace(/[\\`*_{}[\]()#+.!|<>~-]/g, '\\$&')
