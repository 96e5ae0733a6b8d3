import { AppError, messageOf } from './errors.ts'
import { className, pathText, type Json } from './json.ts'

/** Levels of arrays and objects in each other, of whatever comes in. What an older version has recorded is read however deep it is. */
export const MAX_JSON_DEPTH = 128

export interface JsonBounds {
  /** Of its text, in UTF-8. */
  readonly maxBytes: number
  /** Levels of arrays and objects; {@link MAX_JSON_DEPTH} without it. */
  readonly maxDepth?: number
}

/**
 * A copy, of plain arrays and objects, of a value that code from outside hands over: what becomes of the original reaches it no more.
 * Members that are `undefined` are left out.
 * Throws `InvalidInput`, with the path, for what JSON cannot carry, for what is larger or deeper than the bounds (so for cycles too),
 * and for what cannot be read: a getter or a proxy that throws.
 */
export const boundedJson = (value: unknown, { maxBytes, maxDepth = MAX_JSON_DEPTH }: JsonBounds): Json => {
  const walk: Walk = { maxBytes, maxDepth, bytes: 0, path: [] }
  try {
    return copy(value, walk)
  } catch (thrown) {
    if (thrown instanceof OutOfBounds) throw thrown.asError()
    throw refusal(walk.path, 'a value that can be read', messageOf(thrown)).asError(thrown)
  }
}

/** Whether a value that was parsed from a JSON text has more levels than {@link MAX_JSON_DEPTH}. */
export const isTooDeep = (value: unknown, levels = MAX_JSON_DEPTH): boolean =>
  typeof value === 'object' && value !== null && (levels === 0 || Object.values(value).some((member) => isTooDeep(member, levels - 1)))

interface Walk {
  readonly maxBytes: number
  readonly maxDepth: number
  bytes: number
  readonly path: (string | number)[]
}

class OutOfBounds extends Error {
  readonly path: string
  readonly expected: string
  readonly found: string

  constructor(path: string, expected: string, found: string) {
    super(`expected ${expected} at ${path}, found ${found}`)
    this.path = path
    this.expected = expected
    this.found = found
  }

  asError(cause?: unknown): AppError {
    const { path, expected, found } = this
    return new AppError('InvalidInput', `Expected ${expected} at ${path}, found ${found}`, { details: { path, expected, found }, cause })
  }
}

const refusal = (path: readonly (string | number)[], expected: string, found: string): OutOfBounds =>
  new OutOfBounds(pathText(path), expected, found.slice(0, LONGEST_WORDS).toWellFormed())

const LONGEST_WORDS = 500

const spend = (walk: Walk, bytes: number): void => {
  walk.bytes += bytes
  if (walk.bytes > walk.maxBytes) throw refusal(walk.path, `JSON of ${walk.maxBytes} bytes at most`, 'more')
}

const spendText = (walk: Walk, text: string): void => {
  // Every unit is a byte at least: a text that is far too long is not written to be counted.
  if (text.length > walk.maxBytes - walk.bytes) spend(walk, text.length)
  spend(walk, Buffer.byteLength(JSON.stringify(text)))
}

const copy = (value: unknown, walk: Walk): Json => {
  switch (typeof value) {
    case 'string':
      spendText(walk, value)
      return value
    case 'boolean':
      spend(walk, 4)
      return value
    case 'number':
      if (!Number.isFinite(value)) throw refusal(walk.path, 'JSON', String(value))
      spend(walk, String(value).length)
      return Object.is(value, -0) ? 0 : value
    case 'object':
      return value === null ? copyNull(walk) : copyLevel(value, walk)
    default:
      throw refusal(walk.path, 'JSON', `a ${typeof value}`)
  }
}

const copyNull = (walk: Walk): null => {
  spend(walk, 4)
  return null
}

const copyLevel = (value: object, walk: Walk): Json => {
  if (walk.path.length >= walk.maxDepth) throw refusal(walk.path, `JSON of ${walk.maxDepth} levels at most`, 'a deeper one')
  spend(walk, 2)
  return Array.isArray(value) ? copyItems(value, walk) : copyMembers(value, walk)
}

const copyItems = (items: readonly unknown[], walk: Walk): Json => {
  const copied: Json[] = []
  const { length } = items
  for (let index = 0; index < length; index++) {
    walk.path.push(index)
    spend(walk, 1)
    copied.push(copy(items[index], walk))
    walk.path.pop()
  }
  return copied
}

const copyMembers = (value: object, walk: Walk): Json => {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw refusal(walk.path, 'JSON', `a ${className(prototype)}`)
  const copied: Record<string, Json> = {}
  for (const key of Object.keys(value)) {
    walk.path.push(key)
    const member = (value as Record<string, unknown>)[key]
    if (member !== undefined) {
      spendText(walk, key)
      spend(walk, 2)
      // By assignment, `__proto__` would change what the copy is.
      Object.defineProperty(copied, key, { value: copy(member, walk), enumerable: true, writable: true, configurable: true })
    }
    walk.path.pop()
  }
  return copied
}
