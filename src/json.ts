import { AppError } from './errors.ts'

export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/**
 * RFC 8785 text: keys sorted by UTF-16 unit, no white space. For digests: the same value has one text.
 * Members that are `undefined` are left out, as JSON.stringify does.
 * Throws `InvalidInput`, with the path, for what JSON cannot carry: BigInt, NaN, functions, symbols, cycles, class instances.
 */
export const canonicalJson = (value: unknown): string =>
  ordinaryShape(value, 0) === 'sorted' ? JSON.stringify(value) : write(value, sortedKeys, [])

/** The same, but with keys in their own order, which may mean something to whoever sent them. For storage. */
export const jsonText = (value: unknown): string =>
  ordinaryShape(value, 0) === undefined ? write(value, Object.keys, []) : JSON.stringify(value)

/** Deeper than this, there may be a cycle. */
const DEEP = 64

/**
 * Whether JSON.stringify, which is several times as fast as {@link write}, writes the same: `sorted` also where keys have to be.
 * Undefined for what only `write` can tell: it knows the rules, and where they were broken.
 */
const ordinaryShape = (value: unknown, depth: number): 'sorted' | 'unsorted' | undefined => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return 'sorted'
    case 'number':
      return Number.isFinite(value) ? 'sorted' : undefined
    case 'object':
      if (value === null) return 'sorted'
      if (depth === DEEP) return undefined
      return Array.isArray(value) ? shapeOfItems(value, depth + 1) : shapeOfMembers(value, depth + 1)
    default:
      return undefined
  }
}

const shapeOfItems = (items: readonly unknown[], depth: number): 'sorted' | 'unsorted' | undefined => {
  if (Object.getPrototypeOf(items) !== Array.prototype) return undefined
  let isSorted = true
  for (const item of items) {
    const shape = ordinaryShape(item, depth)
    if (shape === undefined) return undefined
    isSorted &&= shape === 'sorted'
  }
  return isSorted ? 'sorted' : 'unsorted'
}

const shapeOfMembers = (value: object, depth: number): 'sorted' | 'unsorted' | undefined => {
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined
  let isSorted = true
  let last = ''
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key]
    if (member === undefined) continue
    const shape = ordinaryShape(member, depth)
    if (shape === undefined) return undefined
    isSorted &&= shape === 'sorted' && key >= last
    last = key
  }
  return isSorted ? 'sorted' : 'unsorted'
}

type KeysOf = (value: object) => string[]

const sortedKeys: KeysOf = (value) => Object.keys(value).sort()

/** `path` holds the objects and keys on the way here, in turns. */
const write = (value: unknown, keysOf: KeysOf, path: unknown[]): string => {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      if (!Number.isFinite(value)) throw notJson(path, String(value))
      return Object.is(value, -0) ? '0' : String(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      return value === null ? 'null' : writeObject(value, keysOf, path)
    default:
      throw notJson(path, `a ${typeof value}`)
  }
}

const writeObject = (value: object, keysOf: KeysOf, path: unknown[]): string => {
  if (path.includes(value)) throw notJson(path, 'a cycle')
  path.push(value)
  const text = Array.isArray(value) ? writeArray(value, keysOf, path) : writeMembers(value, keysOf, path)
  path.pop()
  return text
}

const writeArray = (items: readonly unknown[], keysOf: KeysOf, path: unknown[]): string => {
  let text = '['
  for (let index = 0; index < items.length; index++) {
    path.push(index)
    text += (index === 0 ? '' : ',') + write(items[index], keysOf, path)
    path.pop()
  }
  return text + ']'
}

const writeMembers = (value: object, keysOf: KeysOf, path: unknown[]): string => {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw notJson(path, `a ${value.constructor.name}`)
  let text = '{'
  for (const key of keysOf(value)) {
    const member = (value as Record<string, unknown>)[key]
    if (member === undefined) continue
    path.push(key)
    text += `${text === '{' ? '' : ','}${JSON.stringify(key)}:${write(member, keysOf, path)}`
    path.pop()
  }
  return text + '}'
}

const notJson = (path: readonly unknown[], found: string): AppError => {
  const keys = path.filter((step) => typeof step !== 'object')
  const place = keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  return new AppError('InvalidInput', `JSON cannot carry ${found}, found at $${place}`, { details: { path: `$${place}`, found } })
}
