import { AppError, messageOf } from './errors.ts'
import { bytesAsJson } from './text.ts'

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
const className = (prototype: unknown): string => {
  const maker = (prototype as { readonly constructor?: unknown }).constructor
  return typeof maker === 'function' && maker.name !== '' ? maker.name : 'object of a class'
}

const notJson = (levels: readonly Level[], found: string): AppError => {
  const place = pathText(levels.map(({ keys, next }) => keys?.[next - 1] ?? next - 1))
  return new AppError('InvalidInput', `JSON cannot carry ${found}, found at ${place}`, { details: { path: place, found } })
}

const LONGEST_PATH = 200

/** As `$.items[1].id`. */
const pathText = (keys: readonly (string | number)[]): string => {
  const path = `$${keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')}`
  return path.length <= LONGEST_PATH ? path : `${path.slice(0, LONGEST_PATH).toWellFormed()}…`
}

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
 * and for what cannot be read: a getter or a proxy that throws. Its details have `maxBytes` where it is too large.
 */
export const boundedJson = (value: unknown, bounds: JsonBounds): Json => measuredJson(value, bounds).value

export interface MeasuredJson {
  readonly value: Json
  /** Of its text, in UTF-8. */
  readonly bytes: number
}

/** The same, with its size. */
export const measuredJson = (value: unknown, { maxBytes, maxDepth = MAX_JSON_DEPTH }: JsonBounds): MeasuredJson => {
  const walk: Walk = { maxBytes, maxDepth, bytes: 0, path: [] }
  try {
    return { value: copy(value, walk), bytes: walk.bytes }
  } catch (thrown) {
    if (thrown instanceof OutOfBounds) throw thrown.asError()
    throw refusal(walk.path, 'a value that can be read', messageOf(thrown)).asError(thrown)
  }
}

/**
 * Schemas drop it and plain code takes it for the prototype, so that what was sent, what is checked and what is recorded would be three
 * things: it is refused wherever JSON comes in. What an older version has recorded is read with it.
 */
const PROTO = '__proto__'

/** Where a value has a member called `__proto__` among its lists and plain objects, as `$.a.__proto__`. Throws what its getters throw. */
export const protoMember = (root: unknown): string | undefined => {
  if (!isLevel(root)) return undefined
  const seen = new Set<object>([root])
  const left: Place[] = [{ value: root, key: undefined, inside: undefined, depth: 0 }]
  for (let place = left.pop(); place !== undefined; place = left.pop()) {
    const { value, depth } = place
    if (Object.hasOwn(value, PROTO)) return pathText([...keysOf(place), PROTO])
    if (depth > MAX_JSON_DEPTH) continue
    for (const key of Object.keys(value)) {
      const member = (value as Readonly<Record<string, unknown>>)[key]
      if (!isLevel(member) || seen.has(member)) continue
      seen.add(member)
      left.push({ value: member, key: Array.isArray(value) ? Number(key) : key, inside: place, depth: depth + 1 })
    }
  }
  return undefined
}

interface Place {
  readonly value: object
  readonly key: string | number | undefined
  readonly inside: Place | undefined
  readonly depth: number
}

const keysOf = ({ key, inside }: Place): (string | number)[] => (key === undefined || inside === undefined ? [] : [...keysOf(inside), key])

const isLevel = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
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
  readonly maxBytes: number | undefined

  constructor(path: string, expected: string, found: string, maxBytes?: number) {
    super(`expected ${expected} at ${path}, found ${found}`)
    this.path = path
    this.expected = expected
    this.found = found
    this.maxBytes = maxBytes
  }

  asError(cause?: unknown): AppError {
    const { path, expected, found, maxBytes } = this
    const details = { path, expected, found, ...(maxBytes !== undefined && { maxBytes }) }
    return new AppError('InvalidInput', `Expected ${expected} at ${path}, found ${found}`, { details, cause })
  }
}

const tooLarge = ({ path, maxBytes }: Walk): OutOfBounds =>
  new OutOfBounds(pathText(path), `JSON of ${maxBytes} bytes at most`, 'more', maxBytes)

const refusal = (path: readonly (string | number)[], expected: string, found: string): OutOfBounds =>
  new OutOfBounds(pathText(path), expected, found.slice(0, LONGEST_WORDS).toWellFormed())

const LONGEST_WORDS = 500

const spend = (walk: Walk, bytes: number): void => {
  walk.bytes += bytes
  if (walk.bytes > walk.maxBytes) throw tooLarge(walk)
}

const spendText = (walk: Walk, text: string): void => {
  // Every unit is a byte at least: one that is far too long is not counted.
  if (text.length > walk.maxBytes - walk.bytes) spend(walk, text.length)
  spend(walk, bytesAsJson(text))
}

const copy = (value: unknown, walk: Walk): Json => {
  switch (typeof value) {
    case 'string':
      spendText(walk, value)
      return value
    case 'boolean':
      spend(walk, value ? 4 : 5)
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
    if (index > 0) spend(walk, 1)
    copied.push(copy(items[index], walk))
    walk.path.pop()
  }
  return copied
}

const copyMembers = (value: object, walk: Walk): Json => {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw refusal(walk.path, 'JSON', `a ${className(prototype)}`)
  const copied: Record<string, Json> = {}
  let isFirst = true
  for (const key of Object.keys(value)) {
    walk.path.push(key)
    if (key === PROTO) throw refusal(walk.path, 'JSON', `a member called ${PROTO}`)
    const member = (value as Record<string, unknown>)[key]
    if (member !== undefined) {
      spendText(walk, key)
      spend(walk, isFirst ? 1 : 2)
      isFirst = false
      copied[key] = copy(member, walk)
    }
    walk.path.pop()
  }
  return copied
}

/**
 * The value itself, which nobody can change from now on, however deep. For values that this code made: whatever is frozen already
 * is taken for frozen all the way down.
 */
export const deepFrozen = <Value>(value: Value): Value => {
  // Without recursion, since an older version has recorded values of thousands of levels.
  const left: unknown[] = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue
    Object.freeze(next)
    for (const key in next) left.push((next as Record<string, unknown>)[key])
  }
  return value
}

/** Whether nobody can change it any more, however deep; also of what others have frozen, who may have frozen only its outside. */
export const isDeeplyFrozen = (value: unknown): boolean => {
  const left: unknown[] = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next !== 'object' || next === null) continue
    if (!Object.isFrozen(next)) return false
    for (const member of Object.values(next)) left.push(member)
  }
  return true
}
