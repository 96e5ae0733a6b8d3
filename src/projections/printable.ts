import { beginning } from '../beginning.ts'

const LONGEST_NAMED = 0xff

/** C0 and C1 controls but line feed and tab, and what turns the direction of text: a model or a tool must not steer the terminal. */
const STEERS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069]/g

/** Text of anybody, safe to write to a terminal: what would steer it is shown by its number. */
export const printable = (text: string): string =>
  text.replace(/\r\n/g, '\n').replace(STEERS, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code <= LONGEST_NAMED ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })

/** The same in one line of at most `width` characters; what is cut off shows as an ellipsis. */
export const oneLine = (text: string, width: number): string => {
  // A line shows a small part of what may be a megabyte.
  const begin = width === Infinity ? text : beginning(text, width * 8 + 64)
  const line = printable(begin).replace(/\s+/g, ' ').trim()
  const characters = Array.from(line)
  return characters.length <= width ? line : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`
}

/** A value as the JSON of one line; text as it is. */
export const valueLine = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
