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
  ordinaryShape(value, 0) === 'sorted' ? JSON.stringify(value) : write(value, sortedKeys)

/** The same, but with keys in their own order, which may mean something to whoever sent them. For storage. */
export const jsonText = (value: unknown): string =>
  ordinaryShape(value, 0) === undefined ? write(value, Object.keys) : JSON.stringify(value)

/** Deeper than this, there may be a cycle, and JSON.stringify may run out of stack. */
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

/** An array or object that is being walked. */
interface Level {
  readonly value: object
  /** Of an object. */
  readonly keys: readonly string[] | undefined
  /** Of the member that comes next. */
  next: number
  isEmpty: boolean
}

/** Of any depth: no level takes stack. */
const write = (root: unknown, keysOf: KeysOf): string => {
  const levels: Level[] = []
  const open = new Set<object>()
  let text = ''
  const begin = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) {
      text += scalarText(value, levels)
      return
    }
    if (open.has(value)) throw notJson(levels, 'a cycle')
    const keys = Array.isArray(value) ? undefined : keysOf(plainObject(value, levels))
    open.add(value)
    levels.push({ value, keys, next: 0, isEmpty: true })
    text += keys === undefined ? '[' : '{'
  }
  begin(root)
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    if (level.next === (level.keys ?? (level.value as unknown[])).length) {
      text += level.keys === undefined ? ']' : '}'
      open.delete(level.value)
      levels.pop()
      continue
    }
    const key = level.keys?.[level.next] ?? level.next
    level.next += 1
    const member = (level.value as Record<string | number, unknown>)[key]
    if (member === undefined && level.keys !== undefined) continue
    text += `${level.isEmpty ? '' : ','}${level.keys === undefined ? '' : `${JSON.stringify(key)}:`}`
    level.isEmpty = false
    begin(member)
  }
  return text
}

const scalarText = (value: unknown, levels: readonly Level[]): string => {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return JSON.stringify(value)
  if (typeof value !== 'number') throw notJson(levels, `a ${typeof value}`)
  if (!Number.isFinite(value)) throw notJson(levels, String(value))
  return Object.is(value, -0) ? '0' : String(value)
}

const plainObject = (value: object, levels: readonly Level[]): object => {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return value
  throw notJson(levels, `a ${className(prototype)}`)
}

/** Of an object that is none of JSON's. */
export const className = (prototype: unknown): string => {
  const maker = (prototype as { readonly constructor?: unknown }).constructor
  return typeof maker === 'function' && maker.name !== '' ? maker.name : 'object of a class'
}

const notJson = (levels: readonly Level[], found: string): AppError => {
  const place = pathText(levels.map(({ keys, next }) => keys?.[next - 1] ?? next - 1))
  return new AppError('InvalidInput', `JSON cannot carry ${found}, found at ${place}`, { details: { path: place, found } })
}

const LONGEST_PATH = 200

/** As `$.items[1].id`. */
export const pathText = (keys: readonly (string | number)[]): string => {
  const path = `$${keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')}`
  return path.length <= LONGEST_PATH ? path : `${path.slice(0, LONGEST_PATH).toWellFormed()}…`
}
