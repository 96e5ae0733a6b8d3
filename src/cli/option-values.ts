import { InvalidArgumentError } from 'commander'
import { metadata, type Metadata } from '../events/metadata.ts'
import { tagText, type Tags } from '../events/tags.ts'
import type { Json } from '../json.ts'

/** 1, 2, 3 … */
export const positiveInteger = (text: string): number => {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError(`Expected 1, 2, 3 …`)
}

/** `name=value`, as often as one likes. */
export const tagsSoFar = (text: string, before: Tags = {}): Tags => {
  const at = text.indexOf('=')
  if (!tagText.safeParse(text).success) throw new InvalidArgumentError('Expected name=value, such as customer=ann')
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}

/** In the order in which they were given. */
export const textsSoFar = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]

/** A revision or a position. */
export const wholeNumber = (text: string): number => {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new InvalidArgumentError(`Expected 0, 1, 2 …`)
}

export const port = (text: string): number => {
  const value = Number(text)
  if (/^\d{1,5}$/.test(text) && value < 65_536) return value
  throw new InvalidArgumentError('Expected a port from 0 to 65535')
}

export const metadataValue = (text: string): Metadata => {
  const checked = metadata.safeParse(jsonValue(text))
  if (checked.success) return checked.data
  throw new InvalidArgumentError('Expected a JSON object of 8,192 characters at most')
}

export const jsonValue = (text: string): Json => {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    throw new InvalidArgumentError(
      `Expected JSON: ${error instanceof Error ? error.message : ''}. A text needs quotes of its own: '"like this"'`,
    )
  }
}
