import { divide, toFloat } from './arithmetic.ts'
import { evaluate } from './expression.ts'
import { numberText } from './number-text.ts'
import { elements } from './python-operations.ts'
import { Refusal } from './refusal.ts'
import type { Value } from './value.ts'

/** The value of the expression, rounded to two decimals, as the text of a float. Throws a refusal with Python's message. */
export const calculate = (expression: Value): string => {
  const known = (part: Value): boolean => typeof part === 'string' && /^[0-9+\-*/(). ]*$/.test(part)
  if (!elements(expression).every(known)) throw new Refusal('invalid characters in expression')
  if (typeof expression !== 'string') throw new Refusal('eval() arg 1 must be a string, bytes or code object')
  return numberText(roundToCents(toFloat(evaluate(expression))))
}

/** The exact binary value to two decimals, an exact tie to the even digit. */
export const roundToCents = (value: number): number => {
  // From 1e21 on every double is its own rounding, and toFixed writes no decimals; of a zero it drops the sign.
  if (value === 0 || !(Math.abs(value) < 1e21)) return value
  // Half a cent is a multiple of 1/8 only if it is an odd one: these are the ties, which toFixed would round away from zero.
  const eighths = value * 8
  return eighths % 2 === 1 || eighths % 2 === -1 ? evenCents(BigInt(eighths)) : Number(value.toFixed(2))
}

const evenCents = (eighths: bigint): number => {
  const towardsZero = (eighths * 25n) / 2n
  const cents = towardsZero % 2n === 0n ? towardsZero : towardsZero + (eighths < 0n ? -1n : 1n)
  return divide(cents, 100n)
}
