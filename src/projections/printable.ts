import { beginning, visibleText } from '../text.ts'
import { jsonText } from '../json.ts'

/** Text of anybody, safe to write to a terminal: what would steer it is shown by its number. */
export const printable = (text: string): string => visibleText(text.replace(/\r\n/g, '\n'))

/** The same in one line of at most `width` characters; what is cut off shows as an ellipsis. */
export const oneLine = (text: string, width: number): string => {
  // A line shows a small part of what may be a megabyte.
  const begin = width === Infinity ? text : beginning(text, width * 8 + 64)
  const line = printable(begin).replace(/\s+/g, ' ').trim()
  if (line.length <= width) return line
  // A character has two units at most.
  const characters = Array.from(line.slice(0, 2 * width + 2))
  return characters.length <= width ? line : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`
}

/** A value as the JSON of one line; text as it is. */
export const valueLine = (value: unknown): string => (typeof value === 'string' ? value : value === undefined ? '' : jsonText(value))
