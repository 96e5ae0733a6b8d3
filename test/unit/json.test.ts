import { fc } from '../support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { canonicalJson, jsonText } from '../../src/json.ts'

/** The definition of RFC 8785, written down a second time. */
const definition = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(definition).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${definition(member)}`).join(',')}}`
}

const anyJson = fc.jsonValue({ stringUnit: 'binary' })

const nested = (depth: number): unknown => Array.from({ length: depth }).reduce((inner) => ({ inner }), 1)

class Point {
  readonly x = 1
}

class Listed extends Array<number> {
  toJSON(): string {
    return 'a list'
  }
}

describe('JSON for storage', () => {
  it('is what JSON.stringify writes, for every JSON value', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(jsonText(value)).toBe(JSON.stringify(value))
      }),
    )
  })

  it('leaves out members that are undefined and writes -0 as 0', () => {
    expect(jsonText({ b: undefined, a: -0 })).toBe('{"a":0}')
  })

  it('writes an array as an array, whatever its class would make of itself', () => {
    expect(jsonText({ items: Listed.of(1, 2) })).toBe('{"items":[1,2]}')
  })
})

describe('canonical JSON', () => {
  it('sorts the keys of every object by UTF-16 unit, for every JSON value', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(canonicalJson(value)).toBe(definition(value))
      }),
    )
  })

  it('sorts numbers among keys as texts', () => {
    expect(canonicalJson({ 10: 'ten', 9: 'nine', a: { z: 1, y: 2 } })).toBe('{"10":"ten","9":"nine","a":{"y":2,"z":1}}')
  })
})

describe.each([
  ['JSON for storage', jsonText],
  ['canonical JSON', canonicalJson],
])('%s', (_, textOf) => {
  it.each([
    ['NaN', { a: [1, Number.NaN] }, 'NaN', '$.a[1]'],
    ['infinity', { a: Infinity }, 'Infinity', '$.a'],
    ['a BigInt', [1n], 'a bigint', '$[0]'],
    ['a function', { toJSON: () => 1 }, 'a function', '$.toJSON'],
    ['a hole in an array', { a: [1, undefined] }, 'a undefined', '$.a[1]'],
    ['a date', { at: new Date(0) }, 'a Date', '$.at'],
    ['an object of a class', { p: new Point() }, 'a Point', '$.p'],
  ])('refuses %s and says where it is', (_what, value, found, path) => {
    expect(() => textOf(value)).toThrow(expect.objectContaining({ code: 'InvalidInput', details: { path, found } }))
  })

  it('refuses a cycle, but not the same object twice', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = { cycle }
    expect(() => textOf(cycle)).toThrow(expect.objectContaining({ code: 'InvalidInput' }))
    const shared = { a: 1 }
    expect(textOf([shared, shared])).toBe('[{"a":1},{"a":1}]')
  })

  it('writes what is nested deeply', () => {
    expect(textOf(nested(200))).toBe(JSON.stringify(nested(200)))
  })
})
