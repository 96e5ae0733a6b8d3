import { Refusal } from './refusal.ts'
import type { Numeric } from './value.ts'

// Python's arithmetic: two integers stay exact, and as soon as one side is a float the operation is done in doubles.

/** The benchmark has no limit and would hang on `9**9**9`. An integer of this size is far above the largest double. */
const MAX_BITS = 100_000

export const add = (a: Numeric, b: Numeric): Numeric => (typeof a === 'bigint' && typeof b === 'bigint' ? a + b : toFloat(a) + toFloat(b))

export const subtract = (a: Numeric, b: Numeric): Numeric =>
  typeof a === 'bigint' && typeof b === 'bigint' ? a - b : toFloat(a) - toFloat(b)

export const multiply = (a: Numeric, b: Numeric): Numeric => {
  if (typeof a !== 'bigint' || typeof b !== 'bigint') return toFloat(a) * toFloat(b)
  limitBits(bitLength(a) + bitLength(b))
  return a * b
}

/** Always a float; of two integers the correctly rounded quotient, also where neither fits into a double. */
export const divide = (a: Numeric, b: Numeric): number => {
  if (typeof a === 'bigint' && typeof b === 'bigint') return divideIntegers(a, b)
  const divisor = toFloat(b)
  if (divisor === 0) throw new Refusal('float division by zero')
  return toFloat(a) / divisor
}

/** The quotient rounded towards minus infinity. */
export const floorDivide = (a: Numeric, b: Numeric): Numeric => {
  if (typeof a !== 'bigint' || typeof b !== 'bigint') return floorDivideFloats(toFloat(a), toFloat(b))
  if (b === 0n) throw new Refusal('integer division or modulo by zero')
  const quotient = a / b
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient
}

export const power = (base: Numeric, exponent: Numeric): Numeric => {
  if (typeof base === 'bigint' && typeof exponent === 'bigint' && exponent >= 0n) return integerPower(base, exponent)
  return floatPower(toFloat(base), toFloat(exponent))
}

/** The nearest double, ties to even. */
export const toFloat = (value: Numeric): number => {
  if (typeof value === 'number') return value
  const float = Number(value)
  if (!Number.isFinite(float)) throw new Refusal('int too large to convert to float')
  return float
}

export const limitBits = (bits: number): void => {
  if (bits > MAX_BITS) throw new Refusal(`integer too large: at most ${MAX_BITS} bits are calculated with`)
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value)

const bitLength = (value: bigint): number => {
  if (value === 0n) return 0
  const hex = magnitude(value).toString(16)
  return hex.length * 4 - Math.clz32(Number.parseInt(hex.slice(0, 1), 16)) + 28
}

const divideIntegers = (a: bigint, b: bigint): number => {
  if (b === 0n) throw new Refusal('division by zero')
  if (a === 0n) return b < 0n ? -0 : 0
  const quotient = dividePositive(magnitude(a), magnitude(b))
  if (!Number.isFinite(quotient)) throw new Refusal('integer division result too large for a float')
  return a < 0n === b < 0n ? quotient : -quotient
}

/** Counts whole units of the result's last place, so that there is exactly one rounding, also among the subnormals. */
const dividePositive = (a: bigint, b: bigint): number => {
  const estimate = bitLength(a) - bitLength(b)
  const exponent = scaled(a, -estimate) < scaled(b, estimate) ? estimate - 1 : estimate
  const unit = Math.max(exponent - 52, -1074)
  const dividend = scaled(a, -unit)
  const divisor = scaled(b, unit)
  const floor = dividend / divisor
  const twiceRest = (dividend % divisor) * 2n
  const roundUp = twiceRest > divisor || (twiceRest === divisor && floor % 2n === 1n)
  return Number(roundUp ? floor + 1n : floor) * 2 ** unit
}

/** Times two to the power of `bits` where that is positive: the two sides of a quotient are scaled by opposite amounts. */
const scaled = (value: bigint, bits: number): bigint => (bits > 0 ? value << BigInt(bits) : value)

const floorDivideFloats = (a: number, b: number): number => {
  if (b === 0) throw new Refusal('float floor division by zero')
  const rest = a % b
  const exact = (a - rest) / b
  const quotient = rest !== 0 && b < 0 !== rest < 0 ? exact - 1 : exact
  if (quotient === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0
  const floor = Math.floor(quotient)
  return quotient - floor > 0.5 ? floor + 1 : floor
}

const integerPower = (base: bigint, exponent: bigint): bigint => {
  if (base === -1n) return exponent % 2n === 0n ? 1n : -1n
  if (base === 0n || base === 1n) return exponent === 0n ? 1n : base
  limitBits(bitLength(base) * Number(exponent))
  return base ** exponent
}

const floatPower = (base: number, exponent: number): number => {
  // Of an infinite exponent C's pow has another opinion than JavaScript's.
  if (Math.abs(base) === 1 && Math.abs(exponent) === Infinity) return 1
  if (base === 0 && exponent < 0) throw new Refusal('0.0 cannot be raised to a negative power')
  const result = base ** exponent
  if (!Number.isFinite(base) || !Number.isFinite(exponent) || Number.isFinite(result)) return result
  if (Number.isNaN(result)) throw new Refusal("float() argument must be a string or a real number, not 'complex'")
  throw new Refusal("(34, 'Numerical result out of range')")
}
