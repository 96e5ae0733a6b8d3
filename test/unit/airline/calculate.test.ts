import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { divide } from '../../../examples/airline/arithmetic.ts'
import { roundToCents } from '../../../examples/airline/calculate.ts'
import { call, smallAirline } from './small-airline.ts'

const data = smallAirline()
const calculate = (expression: string): string => call(data, 'calculate', { expression: JSON.stringify(expression) }).text

const SYNTAX = 'invalid syntax (<string>, line 1)'
const COMMA = 'invalid syntax. Perhaps you forgot a comma? (<string>, line 1)'
const NEVER_CLOSED = "'(' was never closed (<string>, line 1)"
const LEADING_ZEROS = 'leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers (<string>, line 1)'

describe('the calculator', () => {
  test.each([
    ['152 + 103', '255.0'],
    ['(136 - (94 + 80)) * 3', '-114.0'],
    ['1/3', '0.33'],
    [' 2 ', '2.0'],
    ['07.5', '7.5'],
    ['00', '0.0'],
    ['.5+1.', '1.5'],
    ['-2 ** 2', '-4.0'],
    ['2 ** -1', '0.5'],
    ['2**3**2', '512.0'],
    ['2 - -+-2', '0.0'],
    ['7//2*2', '6.0'],
    ['-7//2', '-4.0'],
    ['7//-2.0', '-4.0'],
    ['1.0//0.1', '9.0'],
    ['-1//10.0**400*0', "Error: (34, 'Numerical result out of range')"],
    ['0/-3', '-0.0'],
    ['0*-3.5', '-0.0'],
    ['-0.0', '-0.0'],
    ['-0', '0.0'],
    ['-0.001', '-0.0'],
    ['2**10000//2**9990', '1024.0'],
    ['10**400/10**399', '10.0'],
    ['1/10**320', '0.0'],
    ['0**0', '1.0'],
    ['(-1)**10**30', '1.0'],
    ['10**22/3', '3.3333333333333335e+21'],
    ['10.0**308*10', 'inf'],
  ])('of %s is %s', (expression, text) => {
    expect(calculate(expression)).toBe(text)
  })

  test.each([
    ['2.675', '2.67'],
    ['0.125', '0.12'],
    ['0.375', '0.38'],
    ['-0.125', '-0.12'],
    ['-0.375', '-0.38'],
    ['1.005', '1.0'],
    ['968311351627989.375', '968311351627989.4'],
    ['1000000000000000000000.0', '1e+21'],
  ])('rounds %s to %s: the exact binary value, a tie to the even digit', (expression, text) => {
    expect(calculate(expression)).toBe(text)
  })

  test.each([
    ['', 'invalid syntax (<string>, line 0)'],
    ['   ', 'invalid syntax (<string>, line 0)'],
    ['2+', SYNTAX],
    ['1 2', SYNTAX],
    ['*2', SYNTAX],
    ['1.2.3', SYNTAX],
    ['.', SYNTAX],
    ['2***3', SYNTAX],
    ['2* *3', SYNTAX],
    ['(1 -)', SYNTAX],
    ['(1 2)', COMMA],
    ['((1)2)', COMMA],
    ['2(3 4)', COMMA],
    ['(*2)', 'cannot use starred expression here (<string>, line 1)'],
    ['(2', NEVER_CLOSED],
    ['2*(3', NEVER_CLOSED],
    ['(1 2', NEVER_CLOSED],
    ['2)', "unmatched ')' (<string>, line 1)"],
    ['007', LEADING_ZEROS],
    ['1/0', 'division by zero'],
    ['1/0.0', 'float division by zero'],
    ['1//0', 'integer division or modulo by zero'],
    ['1.0//0', 'float floor division by zero'],
    ['0**-1', '0.0 cannot be raised to a negative power'],
    ['0.0**-1', '0.0 cannot be raised to a negative power'],
    ['2**10000', 'int too large to convert to float'],
    ['10**400*1.0', 'int too large to convert to float'],
    ['10**400/1', 'integer division result too large for a float'],
    ['10.0**400', "(34, 'Numerical result out of range')"],
    ['2(3)', "'int' object is not callable"],
    ['2.5()', "'float' object is not callable"],
    ['()', "float() argument must be a string or a real number, not 'tuple'"],
    ['...', "float() argument must be a string or a real number, not 'ellipsis'"],
    ['(-8)**0.5', "float() argument must be a string or a real number, not 'complex'"],
    ['2+x', 'invalid characters in expression'],
    ['2\t+2', 'invalid characters in expression'],
    ['1,000', 'invalid characters in expression'],
    [`${'('.repeat(201)}1${')'.repeat(201)}`, 'too many nested parentheses (<string>, line 1)'],
  ])('of %j fails with %j', (expression, message) => {
    expect(calculate(expression)).toBe(`Error: ${message}`)
  })

  test.each(['9**9**9', '2**'.repeat(5000) + '0', '9**9999*'.repeat(20) + '1', '9'.repeat(200_000)])(
    'refuses %#. an expression that would take forever',
    (expression) => {
      expect(calculate(expression)).toMatch(/^Error: /)
    },
  )

  test('keeps integers exact however large they are on the way', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), fc.bigInt({ min: 1n }), (a, b, c) => {
        expect(calculate(`((${a}) * (${c}) + (${b}) - (${b})) // ${c} - (${a})`)).toBe('0.0')
      }),
    )
  })

  test('rounds a quotient of integers once', () => {
    const integer = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
    fc.assert(
      fc.property(integer, integer, fc.integer({ min: 0, max: 2000 }), (a, b, shift) => {
        expect(divide(BigInt(a) << BigInt(shift), BigInt(b) << BigInt(shift))).toBe(a / b)
      }),
    )
    expect(divide(3n, 2n ** 1075n)).toBe(2 * 5e-324)
    expect(divide(1n, 2n ** 1075n)).toBe(0)
    expect(divide(2n ** 1024n - 2n ** 971n, -1n)).toBe(-Number.MAX_VALUE)
  })

  test('never moves a value by more than half a cent', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (value) => {
        expect(Math.abs(roundToCents(value) - value)).toBeLessThanOrEqual(0.005 + 1e-9)
        expect(roundToCents(roundToCents(value))).toBe(roundToCents(value))
      }),
    )
  })
})
