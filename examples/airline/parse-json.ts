import type { Numeric, ObjectValue, Value } from './value.ts'

interface Cursor {
  readonly text: string
  at: number
  depth: number
}

/** Far below what the call stack holds, far above what a tool's arguments need. */
const MAX_DEPTH = 500

const SPACE = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y
const PLAIN_CHARACTERS = /[^"\\\u0000-\u001f]*/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/**
 * Reads strict JSON (RFC 8259). A number written with `.`, `e` or `E` is a float, any other an integer of any size;
 * of a repeated key the last value and the first place count.
 * Throws a SyntaxError that says what was expected, what was found, and at which character (from 0).
 */
export const parseJson = (text: string): Value => {
  const cursor: Cursor = { text, at: 0, depth: 0 }
  const value = readValue(cursor)
  skipSpace(cursor)
  if (cursor.at < text.length) throw unexpected(cursor, 'the end')
  return value
}

const readValue = (cursor: Cursor): Value => {
  skipSpace(cursor)
  switch (cursor.text[cursor.at]) {
    case '{':
      return nested(cursor, readObject)
    case '[':
      return nested(cursor, readArray)
    case '"':
      return readString(cursor)
    case 't':
      return readWord(cursor, 'true', true)
    case 'f':
      return readWord(cursor, 'false', false)
    case 'n':
      return readWord(cursor, 'null', null)
    default:
      return readNumber(cursor)
  }
}

const nested = <V>(cursor: Cursor, read: (cursor: Cursor) => V): V => {
  if (cursor.depth === MAX_DEPTH) throw new SyntaxError(`expected JSON nested at most ${MAX_DEPTH} deep`)
  cursor.at++
  cursor.depth++
  const value = read(cursor)
  cursor.depth--
  return value
}

const readObject = (cursor: Cursor): ObjectValue => {
  const object = new Map<string, Value>()
  skipSpace(cursor)
  if (taken(cursor, '}')) return object
  for (;;) {
    skipSpace(cursor)
    if (cursor.text[cursor.at] !== '"') throw unexpected(cursor, 'a key in double quotes')
    const key = readString(cursor)
    skipSpace(cursor)
    if (!taken(cursor, ':')) throw unexpected(cursor, '`:`')
    object.set(key, readValue(cursor))
    skipSpace(cursor)
    if (taken(cursor, '}')) return object
    if (!taken(cursor, ',')) throw unexpected(cursor, '`,` or `}`')
  }
}

const readArray = (cursor: Cursor): readonly Value[] => {
  const array: Value[] = []
  skipSpace(cursor)
  if (taken(cursor, ']')) return array
  for (;;) {
    array.push(readValue(cursor))
    skipSpace(cursor)
    if (taken(cursor, ']')) return array
    if (!taken(cursor, ',')) throw unexpected(cursor, '`,` or `]`')
  }
}

const readString = (cursor: Cursor): string => {
  const start = cursor.at
  cursor.at++
  let escaped = false
  for (;;) {
    skip(cursor, PLAIN_CHARACTERS)
    if (taken(cursor, '"')) break
    if (!skip(cursor, ESCAPE)) throw unexpected(cursor, 'a closing quote or a valid escape')
    escaped = true
  }
  // The text is known to be a JSON string here, so the built-in reader only resolves the escapes.
  return escaped ? String(JSON.parse(cursor.text.slice(start, cursor.at))) : cursor.text.slice(start + 1, cursor.at - 1)
}

const readNumber = (cursor: Cursor): Numeric => {
  const start = cursor.at
  NUMBER.lastIndex = start
  const match = NUMBER.exec(cursor.text)
  if (match === null) throw unexpected(cursor, 'a value')
  cursor.at = NUMBER.lastIndex
  return match[1] === undefined && match[2] === undefined ? BigInt(match[0]) : Number(match[0])
}

const readWord = <V>(cursor: Cursor, word: string, value: V): V => {
  if (!cursor.text.startsWith(word, cursor.at)) throw unexpected(cursor, 'a value')
  cursor.at += word.length
  return value
}

const taken = (cursor: Cursor, character: string): boolean => {
  if (cursor.text[cursor.at] !== character) return false
  cursor.at++
  return true
}

const skip = (cursor: Cursor, pattern: RegExp): boolean => {
  pattern.lastIndex = cursor.at
  if (!pattern.test(cursor.text)) return false
  cursor.at = pattern.lastIndex
  return true
}

const skipSpace = (cursor: Cursor): boolean => skip(cursor, SPACE)

const unexpected = (cursor: Cursor, expected: string): SyntaxError => {
  const found = cursor.at < cursor.text.length ? JSON.stringify(cursor.text.slice(cursor.at, cursor.at + 20)) : 'the end'
  return new SyntaxError(`expected ${expected}, found ${found} at character ${cursor.at} of the JSON text`)
}
