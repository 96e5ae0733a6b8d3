import { numberText } from './number-text.ts'
import { isArray, isObject, type Value } from './value.ts'

/** Python's literal notation (`repr`) of a value. */
export const literal = (value: Value): string => {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'bigint' || typeof value === 'number') return numberText(value)
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (isObject(value)) return `{${Array.from(value, ([key, member]) => `${quoted(key)}: ${literal(member)}`).join(', ')}}`
  return value satisfies never
}

/** A value inside a message: a string as it is, anything else in literal notation. */
export const messageText = (value: Value): string => (typeof value === 'string' ? value : literal(value))

/** Which code points are unassigned (Cn) is a matter of the Unicode version; of all else it is not. */
const NOT_PLAIN = /[\\'"]|(?! )[\p{C}\p{Z}]/u
const NOT_PLAIN_EACH = new RegExp(NOT_PLAIN, 'gu')

/** The string in Python's quotes: single ones, unless it contains single and no double ones. */
export const quoted = (text: string): string => {
  if (!NOT_PLAIN.test(text)) return `'${text}'`
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  return quote + text.replace(NOT_PLAIN_EACH, (character) => escapeCharacter(character, quote)) + quote
}

const shortEscapes = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

const escapeCharacter = (character: string, quote: string): string => {
  if (character === "'" || character === '"') return character === quote ? `\\${quote}` : character
  const short = shortEscapes.get(character)
  if (short !== undefined) return short
  const hex = (character.codePointAt(0) ?? 0).toString(16)
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

/** Python's name of the value's type, as its exceptions give it. */
export const typeName = (value: Value): string => {
  if (value === null) return 'NoneType'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'float'
  if (typeof value === 'string') return 'str'
  return isArray(value) ? 'list' : 'dict'
}
