import { numberText } from './number-text.ts'
import { isArray, isObject, type Value } from './value.ts'

/** The text that Python's `json.dumps` writes with default settings: one line, `, ` and `: `, pure ASCII, keys in their order. */
export const jsonText = (value: Value): string => {
  if (typeof value === 'string') return stringText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return nonFinite.get(value) ?? numberText(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (isArray(value)) return `[${value.map(jsonText).join(', ')}]`
  if (isObject(value)) return `{${Array.from(value, ([key, member]) => `${stringText(key)}: ${jsonText(member)}`).join(', ')}}`
  return value satisfies never
}

const nonFinite = new Map([
  [Infinity, 'Infinity'],
  [-Infinity, '-Infinity'],
  [NaN, 'NaN'],
])

const shortEscapes = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\b', '\\b'],
  ['\f', '\\f'],
])

// Without the `u` flag the pattern sees UTF-16 units, so a character above U+FFFF becomes two escapes, as it has to.
const stringText = (text: string): string => `"${text.replace(/[^ -~]|["\\]/g, escapeUnit)}"`

const escapeUnit = (unit: string): string => shortEscapes.get(unit) ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
