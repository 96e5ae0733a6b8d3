import { z } from 'zod'

const MOST_TAGS = 32

const tagName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'expected 1 to 64 letters, digits, `.`, `_` and `-`')
// No control character: a tag is a line wherever it is shown.
const tagValue = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(text), 'expected 1 to 200 characters of one line')

/** By which people find a run again: a few short words of their own, such as `customer: ann`. */
export const tags = z
  .record(tagName, tagValue)
  .refine((given) => Object.keys(given).length <= MOST_TAGS, `expected ${MOST_TAGS} tags at most`)
export type Tags = z.infer<typeof tags>

/** One tag as people write it: `name=value`. */
export const tagText = z.string().refine((text) => {
  const at = text.indexOf('=')
  return at > 0 && tagName.safeParse(text.slice(0, at)).success && tagValue.safeParse(text.slice(at + 1)).success
}, 'expected name=value')

/** All tags as lines, with one before the first and one behind the last, so that each is found as `\nname=value\n`. */
export const tagLines = (given: Tags): string =>
  `\n${Object.entries(given)
    .map(([name, value]) => `${name}=${value}\n`)
    .sort()
    .join('')}`

/** What {@link tagLines} holds of one tag. */
export const tagLine = (text: string): string => `\n${text}\n`
