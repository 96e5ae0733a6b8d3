import { boundedJson, type JsonObject } from '../json.ts'
import { isAppError, messageOf } from '../errors.ts'
import type { Problem } from './contract.ts'

// A problem says where a request is wrong, and may quote it for that. What it says is bounded, however large the request was.

const LONGEST_DETAIL = 2_000
const LONGEST_MESSAGE = 300
const MOST_ERRORS = 20
const MOST_DETAIL_BYTES = 4_096

type FieldErrors = NonNullable<Problem['errors']>

/** The beginning of a text, in UTF-16 units. */
const boundedText = (text: string, length = LONGEST_DETAIL): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`

/** The first of them, and as the last how many more there are. */
export const boundedErrors = (errors: FieldErrors): FieldErrors => {
  const shown = errors.slice(0, MOST_ERRORS).map(({ field, message }) => ({
    field: boundedText(field, LONGEST_MESSAGE),
    message: boundedText(message, LONGEST_MESSAGE),
  }))
  const more = errors.length - shown.length
  return more === 0 ? shown : [...shown, { field: '', message: `and ${more} more` }]
}

/** The facts of an error: none where they are larger than a problem carries. */
export const boundedDetails = (thrown: unknown): JsonObject | undefined => {
  if (!isAppError(thrown) || Object.keys(thrown.details).length === 0) return undefined
  try {
    const short = Object.entries(thrown.details).map(([name, value]) => [
      name,
      typeof value === 'string' ? boundedText(value, LONGEST_MESSAGE) : value,
    ])
    return boundedJson(Object.fromEntries(short), { maxBytes: MOST_DETAIL_BYTES }) as JsonObject
  } catch {
    return undefined
  }
}

export const boundedMessage = (thrown: unknown): string => boundedText(messageOf(thrown))
