import { z } from 'zod'

const LONGEST = 1_000

/** A text that every store can compare: Postgres takes no NUL, and UTF-8 has no half of a pair. */
export const isComparable = (text: string): boolean => text.length <= LONGEST && text.isWellFormed() && !text.includes('\0')

/** Whatever runs are found or told apart by. Of anything else, stores would refuse it, or take two for one. */
export const comparable = z
  .string()
  .refine(isComparable, `expected a text of ${LONGEST} characters at most, without NUL and halves of pairs`)
