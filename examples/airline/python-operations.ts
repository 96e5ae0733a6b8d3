import { add, multiply, subtract } from './arithmetic.ts'
import { literal, typeName } from './python-text.ts'
import { Refusal } from './refusal.ts'
import { isArray, isObject, type Numeric, type ObjectValue, type Value } from './value.ts'

// A model may send anything, so the tools work on values of unknown type, as Python does, and fail with Python's words.

/** `key in object`. */
export const has = (object: ObjectValue, key: Value): key is string => {
  if (isArray(key) || isObject(key)) throw new Refusal(`unhashable type: '${typeName(key)}'`)
  return typeof key === 'string' && object.has(key)
}

/** `object[key]`. */
export const item = <V extends Value>(object: ReadonlyMap<string, V>, key: Value): V => {
  const found = has(object, key) ? object.get(key) : undefined
  if (found === undefined) throw new Refusal(literal(key))
  return found
}

/** `object[key] = value`, as a new object, for a key that is known to be a string. */
export const withItem = <V extends Value>(object: ReadonlyMap<string, V>, key: Value, value: V): ReadonlyMap<string, V> => {
  if (typeof key !== 'string') throw new Refusal(`keys must be str, not ${typeName(key)}`)
  return new Map(object).set(key, value)
}

/** A value that is about to be indexed by a name, `value['name']`. */
export const asObject = (value: Value): ObjectValue => {
  if (isObject(value)) return value
  if (typeof value === 'string') throw new Refusal("string indices must be integers, not 'str'")
  if (isArray(value)) throw new Refusal('list indices must be integers or slices, not str')
  throw new Refusal(`'${typeName(value)}' object is not subscriptable`)
}

export const objectItem = (object: ObjectValue, key: Value): ObjectValue => asObject(item(object, key))

/** What a `for` loop sees: the elements of an array, the characters of a string, the keys of an object. */
export const elements = (value: Value): readonly Value[] => {
  if (isArray(value)) return value
  if (typeof value === 'string') return Array.from(value)
  if (isObject(value)) return Array.from(value.keys())
  throw new Refusal(`'${typeName(value)}' object is not iterable`)
}

/** `len(value)`. */
export const lengthOf = (value: Value): bigint => {
  if (typeof value === 'string' || isArray(value) || isObject(value)) return BigInt(elements(value).length)
  throw new Refusal(`object of type '${typeName(value)}' has no len()`)
}

/** Booleans count as 1 and 0. */
const numeric = (value: Value): Numeric | undefined => {
  if (typeof value === 'boolean') return value ? 1n : 0n
  return typeof value === 'bigint' || typeof value === 'number' ? value : undefined
}

const operations = { '+': add, '-': subtract, '*': multiply }

const operate = (operator: keyof typeof operations, a: Value, b: Value): Numeric => {
  const left = numeric(a)
  const right = numeric(b)
  if (left === undefined || right === undefined) {
    throw new Refusal(`unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`)
  }
  return operations[operator](left, right)
}

export const sum = (a: Value, b: Value): Numeric => operate('+', a, b)
export const difference = (a: Value, b: Value): Numeric => operate('-', a, b)
export const product = (a: Value, b: Value): Numeric => operate('*', a, b)
export const negative = (value: Value): Numeric => {
  const number = numeric(value)
  if (number === undefined) throw new Refusal(`bad operand type for unary -: '${typeName(value)}'`)
  return -number
}

/** `a < b` of two numbers or two strings. */
export const isLess = (a: Value, b: Value): boolean => {
  const left = numeric(a) ?? a
  const right = numeric(b) ?? b
  if (typeof left === 'string' && typeof right === 'string') return left < right
  if (isNumeric(left) && isNumeric(right)) return left < right
  throw new Refusal(`'<' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`)
}

const isNumeric = (value: Value): value is Numeric => typeof value === 'bigint' || typeof value === 'number'

/** `a == b`: an integer equals a float of the same size. */
export const isEqual = (a: Value, b: Value): boolean => {
  const left = numeric(a) ?? a
  const right = numeric(b) ?? b
  if (isNumeric(left) && isNumeric(right)) return left <= right && left >= right
  if (isArray(left) && isArray(right)) return haveEqualElements(left, right)
  if (isObject(left) && isObject(right)) return haveEqualMembers(left, right)
  return left === right
}

const haveEqualElements = (a: readonly Value[], b: readonly Value[]): boolean =>
  a.length === b.length && a.every((element, i) => isEqual(element, b[i] ?? null))

const haveEqualMembers = (a: ObjectValue, b: ObjectValue): boolean =>
  a.size === b.size && Array.from(a).every(([key, member]) => has(b, key) && isEqual(member, item(b, key)))

/** `array.extend(more)`, as a new array. */
export const extended = (array: Value, more: readonly Value[]): readonly Value[] => {
  if (!isArray(array)) throw new Refusal(`'${typeName(array)}' object has no attribute 'extend'`)
  return [...array, ...more]
}
