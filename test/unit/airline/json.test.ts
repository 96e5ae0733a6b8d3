import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { jsonText } from '../../../examples/airline/json-text.ts'
import { parseJson } from '../../../examples/airline/parse-json.ts'
import { isEqual } from '../../../examples/airline/python-operations.ts'
import type { Value } from '../../../examples/airline/value.ts'

const { value: anyValue } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Value>(null, true, false),
    fc.bigInt(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 5 }).map((members) => new Map(members)),
  ),
}))

describe('exact JSON', () => {
  test('reads back what it wrote: kinds of numbers, order of keys, every character', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(parseJson(jsonText(value))).toEqual(value)
      }),
    )
  })

  test('agrees with the built-in reader on everything but the kinds of numbers and the order of keys', () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 0, max: 3 }), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent)
        expect(JSON.parse(jsonText(parseJson(spaced)))).toEqual(JSON.parse(spaced))
      }),
    )
  })

  test.each([
    ['[250, 250.0, 25e1, 2.5E+2]', '[250, 250.0, 250.0, 250.0]'],
    ['[123456789012345678901234567890, -0, -0.0]', '[123456789012345678901234567890, 0, -0.0]'],
    ['{"b":1,"429815":2,"a":3}', '{"b": 1, "429815": 2, "a": 3}'],
    ['{"a":1,"b":2,"a":3}', '{"a": 3, "b": 2}'],
    ['{"__proto__":1,"constructor":[]}', '{"__proto__": 1, "constructor": []}'],
    ['[ ] ', '[]'],
    ['{}', '{}'],
    ['[1e999,-1e999]', '[Infinity, -Infinity]'],
    [
      '"caf\u00e9 \ud83d\ude00 \u007f / \\u0001 \\" \\\\ \\n\\r\\t\\b\\f"',
      '"caf\\u00e9 \\ud83d\\ude00 \\u007f / \\u0001 \\" \\\\ \\n\\r\\t\\b\\f"',
    ],
  ])('writes %s as Python does', (text, written) => {
    expect(jsonText(parseJson(text))).toBe(written)
  })

  test.each([
    ['', 'a value, found the end at character 0'],
    ['{"a" 1}', '`:`, found "1}" at character 5'],
    ['{"a": 1,}', 'a key in double quotes, found "}" at character 8'],
    ['[1 2]', '`,` or `]`, found "2]" at character 3'],
    ['[01]', '`,` or `]`, found "1]" at character 2'],
    ['{"a": 1 "b"', '`,` or `}`'],
    ['"\u0001"', 'a closing quote or a valid escape'],
    ['"\\x"', 'a closing quote or a valid escape'],
    ['NaN', 'a value, found "NaN" at character 0'],
    ['tru', 'a value, found "tru" at character 0'],
    ['1 1', 'the end, found "1" at character 2'],
  ])('refuses %j and says what was expected where', (text, message) => {
    expect(() => parseJson(text)).toThrow(`expected ${message}`)
  })

  test('refuses JSON that is nested too deep instead of failing on the call stack', () => {
    expect(() => parseJson('['.repeat(100_000))).toThrow('nested at most 500 deep')
  })

  test('an integer equals a float of the same size, and a boolean the number it counts as', () => {
    const equal = (a: string, b: string): boolean => isEqual(parseJson(a), parseJson(b))
    expect(equal('{"a": [250], "b": true}', '{"b": 1.0, "a": [250.0]}')).toBe(true)
    expect(equal('[1, 2]', '[1]')).toBe(false)
    expect(equal('{"a": null}', '{"b": null}')).toBe(false)
    expect(equal('"1"', '1')).toBe(false)
  })
})
