import type { Numeric } from './value.ts'

/** Integers as plain digits; floats as Python's `repr` writes them: shortest digits, always with a point or an exponent. */
export const numberText = (value: Numeric): string => (typeof value === 'bigint' ? value.toString() : floatText(value))

const floatText = (value: number): string => {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  // Without an argument, toExponential writes as many digits as are needed to read the same double back.
  const [digits = '', power = ''] = Math.abs(value).toExponential().replace('.', '').split('e')
  return sign + layOut(digits, Number(power))
}

/** `digits` with the point after the first one, times ten to the power of `exponent`. */
const layOut = (digits: string, exponent: number): string => {
  if (exponent < -4 || exponent >= 16) {
    const mantissa = digits.length === 1 ? digits : `${digits.slice(0, 1)}.${digits.slice(1)}`
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`
  const point = exponent + 1
  return `${digits.slice(0, point).padEnd(point, '0')}.${digits.slice(point).padEnd(1, '0')}`
}
