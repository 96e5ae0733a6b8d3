import { beginning, visibleText } from '../text.ts'
import { jsonText } from '../json.ts'

/** Text of anybody, safe to write to a terminal: what would steer it is shown by its number. */
export const printable = (text: string): string => visibleText(text.replace(/\r\n/g, '\n'))

/** White space between words, but for a single blank, which stays. */
const OTHER_THAN_ONE_SPACE = /[^\S ]\s*| \s+/g

/** The same in one line of at most `width` characters; what is cut off shows as an ellipsis. */
export const oneLine = (text: string, width: number): string => {
  // A line shows a small part of what may be a megabyte: most often the first bit fills it, but for white space and the end of the bit.
  const bit = cleanLine(text, width * 3)
  const isEnough = bit.length > 2 * width + LONGEST_OF_ONE || text.length <= width * 3
  const line = isEnough ? bit : cleanLine(text, width * 8 + 64)
  if (line.length <= width) return line
  // A character has two units at most.
  const characters = Array.from(line.slice(0, 2 * width + 2))
  return characters.length <= width ? line : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`
}

/** Of what shows one character: `\u{10ffff}`. */
const LONGEST_OF_ONE = 10

const cleanLine = (text: string, length: number): string => printable(beginning(text, length)).replace(OTHER_THAN_ONE_SPACE, ' ').trim()

/** A value as the JSON of one line; text as it is. */
export const valueLine = (value: unknown): string => (typeof value === 'string' ? value : value === undefined ? '' : jsonText(value))
