import { printable } from './printable.ts'

/** One line of RFC 4180. A text that a spreadsheet would take for a formula begins with an apostrophe, and nothing in it steers a terminal. */
export const csvLine = (values: readonly (string | number | boolean | null)[]): string =>
  `${values.map((value) => (typeof value === 'string' ? quoted(asText(printable(value))) : String(value ?? ''))).join(',')}\r\n`

const FORMULA = /^[\s']*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/
const NUMBER = /^[+-]?\d+(\.\d+)?$/

const asText = (text: string): string => (FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text)

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
