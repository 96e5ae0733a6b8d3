import { fc } from '../support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { protoMember, boundedJson, measuredJson, isTooDeep, MAX_JSON_DEPTH, canonicalJson, jsonText } from '../../src/json.ts'

const anyJson = fc.jsonValue({ stringUnit: 'binary' }).filter((value) => protoMember(value) === undefined)

const lists = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
const members = (levels: number): unknown => JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels))

const refused = (value: unknown, maxBytes = 1000): unknown => {
  try {
    return { copy: boundedJson(value, { maxBytes }) }
  } catch (error) {
    return error
  }
}

describe('a value from outside', () => {
  it('becomes a copy that is the same JSON, for every JSON value', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(jsonText(boundedJson(value, { maxBytes: 1_000_000 }))).toBe(jsonText(value))
      }),
    )
  })

  it('is taken where its text fits the bound, to the byte', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const bytes = Buffer.byteLength(JSON.stringify(value))
        expect(measuredJson(value, { maxBytes: bytes }).bytes).toBe(bytes)
        expect(() => boundedJson(value, { maxBytes: bytes - 1 })).toThrow(`${bytes - 1} bytes at most`)
      }),
    )
  })

  it('is counted as its text is written: escapes, characters of two, three and four bytes, and halves of such', () => {
    const units = [...Array(0x300).keys(), 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff]
    for (const one of units) {
      for (const other of ['', 'a', '\uDC00', '\uD83D', '\uDE00']) {
        const text = String.fromCharCode(one) + other
        expect({ text, bytes: measuredJson(text, { maxBytes: 100 }).bytes }).toEqual({
          text,
          bytes: Buffer.byteLength(JSON.stringify(text)),
        })
      }
    }
  })

  it('is not reached by what its owner does later', () => {
    const given = { order: { id: '17' }, lines: [{ qty: 1 }] }
    const copy = boundedJson(given, { maxBytes: 1000 })
    given.order.id = '18'
    given.lines.push({ qty: 2 })
    expect(copy).toEqual({ order: { id: '17' }, lines: [{ qty: 1 }] })
  })

  it('is read once: a getter that answers otherwise each time gives one answer', () => {
    let asked = 0
    const given = Object.defineProperty({}, 'id', { enumerable: true, get: () => ++asked })
    expect(boundedJson(given, { maxBytes: 1000 })).toEqual({ id: 1 })
    expect(asked).toBe(1)
  })

  it.each([
    ['{"__proto__":{"admin":true}}', '$.__proto__'],
    ['{"a":[{"__proto__":1}]}', '$.a[0].__proto__'],
    ['{"a":{"\\u005f_proto__":null}}', '$.a.__proto__'],
  ])('refuses a member named __proto__, which others would take for something else: %s', (text, path) => {
    expect(() => boundedJson(JSON.parse(text), { maxBytes: 1000 })).toThrow(`Expected JSON at ${path}, found a member called __proto__`)
    expect(protoMember(JSON.parse(text))).toBe(path)
  })

  it('may have members that only look like it, and values that say it', () => {
    const given = { __proto: 1, proto__: 2, constructor: { prototype: '__proto__' } }
    expect(boundedJson(given, { maxBytes: 1000 })).toEqual(given)
    const cyclic: Record<string, unknown> = { given }
    cyclic['self'] = [cyclic]
    expect(protoMember(cyclic)).toBeUndefined()
  })

  const cycle: Record<string, unknown> = {}
  cycle['a'] = cycle
  const doubling = Array.from({ length: 60 }).reduce<unknown>((inner) => [inner, inner], 'x')
  const { proxy: revoked, revoke } = Proxy.revocable({}, {})
  revoke()
  const endless = new Proxy([], { get: (_, key) => (key === 'length' ? 1e15 : 0) })
  const throwing = Object.defineProperty({}, 'total', {
    enumerable: true,
    get() {
      throw new Error('no total yet')
    },
  })

  it.each([
    ['a cycle', cycle, `JSON of ${MAX_JSON_DEPTH} levels at most`],
    ['a value that doubles sixty times', doubling, 'JSON of 1000 bytes at most'],
    ['a text above the bound', 'x'.repeat(2000), 'JSON of 1000 bytes at most'],
    ['a text that is small until it is escaped', '\0'.repeat(500), 'JSON of 1000 bytes at most'],
    ['a list that says it is endless', endless, 'JSON of 1000 bytes at most'],
    ['a list with holes', new Array(1e9), 'JSON'],
    ['a revoked proxy', revoked, 'a value that can be read'],
    ['a getter that throws', { order: throwing }, 'a value that can be read'],
    ['a date', { at: new Date(0) }, 'JSON'],
    ['NaN', [Number.NaN], 'JSON'],
    ['a function', () => 1, 'JSON'],
    ['a symbol', [Symbol('s')], 'JSON'],
    ['nothing', undefined, 'JSON'],
  ])('is refused where it is %s', (_, value, expected) => {
    expect(refused(value)).toMatchObject({ code: 'InvalidInput', details: { expected } })
  })

  it('says where it is not as expected, however long the way there is', () => {
    expect(refused({ order: throwing })).toMatchObject({
      message: 'Expected a value that can be read at $.order.total, found no total yet',
    })
    const deep = refused(members(6000)) as Error
    expect(deep.message.length).toBeLessThan(400)
  })
})

describe('levels', () => {
  it.each([lists, members])('are counted: %o of 128 are taken, and of 129 refused', (nested) => {
    expect(isTooDeep(nested(MAX_JSON_DEPTH))).toBe(false)
    expect(isTooDeep(nested(MAX_JSON_DEPTH + 1))).toBe(true)
    expect(() => boundedJson(nested(MAX_JSON_DEPTH), { maxBytes: 10_000 })).not.toThrow()
    expect(() => boundedJson(nested(MAX_JSON_DEPTH + 1), { maxBytes: 10_000 })).toThrow(/128 levels/)
  })

  it('do not overflow what counts them', () => {
    for (const levels of [5_000, 100_000]) expect(isTooDeep(lists(levels))).toBe(true)
  })

  it.each([
    ['JSON for storage', jsonText],
    ['canonical JSON', canonicalJson],
  ])('are written as %s however many an older version has recorded', (_, textOf) => {
    const text = '{"a":['.repeat(50_000) + '1' + ']}'.repeat(50_000)
    expect(textOf(JSON.parse(text))).toBe(text)
  })
})
