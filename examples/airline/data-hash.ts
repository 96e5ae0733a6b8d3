import { createHash, type Hash } from 'node:crypto'
import type { AirlineData, Table } from './airline-data.ts'
import { literal, quoted } from './python-text.ts'
import { isArray, isObject, type ObjectValue, type Value } from './value.ts'

/**
 * SHA-256 of the data as the benchmark computes it, 64 lower-case hexadecimal digits.
 * Data are never changed in place, so the text of each row, table and state is computed once and found again
 * by the identity of the object: after a change of one row all other texts are still known.
 */
export const dataHash = (data: AirlineData): string => known(hashes, data, () => computeHash(data))

const computeHash = (data: AirlineData): string =>
  hashOfFlights(data.flights)
    .copy()
    .update(`('reservations', ${tableText(data.reservations)}), `)
    .update(`('users', ${tableText(data.users)}))`)
    .digest('hex')

/** No tool changes a flight, and their text comes first: the state after it serves all runs. */
const hashOfFlights = (flights: Table): Hash =>
  known(flightHashes, flights, () => createHash('sha256').update(`(('flights', ${tableText(flights)}), `))

/** The text that is hashed, of any value: objects as sorted pairs, arrays in order, scalars in Python's notation. */
export const hashText = (value: Value): string => {
  if (isObject(value)) return objectText(value, hashText)
  return isArray(value) ? tuple(value.map(hashText)) : literal(value)
}

const hashes = new WeakMap<AirlineData, string>()
const flightHashes = new WeakMap<Table, Hash>()
const tableTexts = new WeakMap<Table, string>()
const rowTexts = new WeakMap<ObjectValue, string>()

const known = <Key extends object, Result>(cache: WeakMap<Key, Result>, key: Key, compute: () => Result): Result => {
  const found = cache.get(key)
  if (found !== undefined) return found
  const computed = compute()
  cache.set(key, computed)
  return computed
}

const tableText = (table: Table): string => known(tableTexts, table, () => objectText(table, rowText))

const rowText = (row: ObjectValue): string => known(rowTexts, row, () => hashText(row))

const objectText = <V>(object: ReadonlyMap<string, V>, textOf: (value: V) => string): string =>
  tuple(
    Array.from(object)
      .sort(([a], [b]) => compareCodePoints(a, b))
      .map(([key, value]) => pair(key, textOf(value))),
  )

const pair = (key: string, text: string): string => `(${quoted(key)}, ${text})`

const tuple = (texts: readonly string[]): string => (texts.length === 1 ? `(${texts.join('')},)` : `(${texts.join(', ')})`)

/** JavaScript compares UTF-16 units, which puts U+FFFF above U+10000. */
export const compareCodePoints = (a: string, b: string): number => {
  let at = 0
  for (;;) {
    const left = a.codePointAt(at) ?? -1
    const right = b.codePointAt(at) ?? -1
    if (left !== right) return left - right
    if (left === -1) return 0
    at += left > 0xffff ? 2 : 1
  }
}
