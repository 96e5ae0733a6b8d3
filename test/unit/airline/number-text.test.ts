import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { numberText } from '../../../examples/airline/number-text.ts'

describe('the text of a number', () => {
  test.each<[number, string]>([
    [255, '255.0'],
    [0.1, '0.1'],
    [-114, '-114.0'],
    [0.0001, '0.0001'],
    [1234567890123456, '1234567890123456.0'],
    [1e16, '1e+16'],
    [0.000015, '1.5e-05'],
    [12345678901234567000, '1.2345678901234567e+19'],
    [1e100, '1e+100'],
    [5e-324, '5e-324'],
    [1e22, '1e+22'],
    [0, '0.0'],
    [-0, '-0.0'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [NaN, 'nan'],
  ])('of the float %d is that of Python', (value, text) => {
    expect(numberText(value)).toBe(text)
  })

  test('of an integer is its digits', () => {
    expect(numberText(-123456789012345678901234567890n)).toBe('-123456789012345678901234567890')
  })

  test('of a float reads back to the same float and never looks like an integer', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(numberText(value))).toBe(value)
        expect(numberText(value)).toMatch(/[.e]/)
      }),
    )
  })
})
