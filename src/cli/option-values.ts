import { InvalidArgumentError } from 'commander'
import type { Json } from '../json.ts'

// Every help loads these, so none of them needs a schema: what a schema tells is checked by the action.

/** 1, 2, 3 … */
export const positiveInteger = (text: string): number => {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError(`Expected 1, 2, 3 …`)
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

export const jsonValue = (text: string): Json => {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    throw new InvalidArgumentError(
      `Expected JSON: ${error instanceof Error ? error.message : ''}. A text needs quotes of its own: '"like this"'`,
    )
  }
}

/** `name=JSON`, as often as one likes. */
export const valuesSoFar = (text: string, before: Readonly<Record<string, Json>> = {}): Readonly<Record<string, Json>> => {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Expected name=JSON')
  return { ...before, [text.slice(0, at)]: jsonValue(text.slice(at + 1)) }
}

/** As 0.5 */
export const amount = (text: string): number => {
  const value = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && Number.isFinite(value)) return value
  throw new InvalidArgumentError('Expected an amount such as 0.5')
}
