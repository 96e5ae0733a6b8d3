import { beginning } from '../text.ts'
import { shownContent, type ContentPart } from '../events/content.ts'
import { jsonText } from '../json.ts'

const STORED_APART = '(stored apart)'

/** Of an error or a decision, in UTF-16 units. */
export const REASON_LENGTH = 500
/** Of what a tool got or gave: views show the beginning, the log has it all. */
export const VALUE_LENGTH = 1_000

/** The first `length` UTF-16 units, in characters that every store keeps. Never ends within a character of two units. */
export const storableBeginning = (text: string, length: number): string => storable(beginning(text, length))

/** Postgres keeps no NUL in its texts, and UTF-8 has no half of a pair. */
export const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD')

/** A text as a guardrail or the blob store left it: a payload that is kept elsewhere is a reference here, whatever its declared type. */
export const shown = (text: unknown, length = Infinity): string =>
  typeof text === 'string' ? storableBeginning(text, length) : STORED_APART

/** What was said, as one text. */
export const shownParts = (parts: readonly ContentPart[], length = Infinity): string => storableBeginning(shownContent(parts), length)

/** The beginning of a value as JSON; a text as it is. */
export const valueBeginning = (value: unknown): string | null => {
  if (value === undefined) return null
  return storableBeginning(typeof value === 'string' ? value : jsonText(value), VALUE_LENGTH)
}

/** What was said of something that went wrong, and what was behind it, if that was recorded beside it. */
export const withCause = (words: string, cause: string | undefined): string => (cause === undefined ? words : `${words} (${cause})`)
