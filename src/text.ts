import { whenAsked } from './when-asked.ts'

const LONGEST_SHOWN = 100

/** What an error says that it has found: short, whatever it is. Never throws. */
export const shown = (found: unknown): string => {
  if (typeof found === 'string') return JSON.stringify(beginning(found, LONGEST_SHOWN))
  if (found !== null && (typeof found === 'object' || typeof found === 'function')) return `a value of type ${typeof found}`
  return beginning(String(found), LONGEST_SHOWN)
}

/** The first `length` UTF-16 units of a text. Never ends within a character of two units: half of one is no text that others read. */
export const beginning = (text: string, length: number): string => {
  const begin = text.slice(0, length)
  const last = begin.charCodeAt(begin.length - 1)
  return last >= 0xd800 && last <= 0xdbff ? begin.slice(0, -1) : begin
}

/**
 * What a terminal obeys, what turns the direction of a text, and what nobody sees: C0 and C1 controls, DEL, bidi controls, line and paragraph
 * separators, zero-width and tag characters, lone surrogates. Line feed and tab are text.
 */
const HIDDEN = String.raw`[[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]--[\n\t\uFE0E\uFE0F]]`

/** Joiners within a word of a script that is written with them, and within an emoji. */
const JOINER = String.raw`(?<=[[\p{L}\p{M}]--[\p{scx=Latin}\p{scx=Greek}\p{scx=Cyrillic}]])[\u200C\u200D]|(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D`

/** Sets of all of Unicode take milliseconds to build. */
const patterns = whenAsked({ hidden: () => new RegExp(HIDDEN, 'gv'), hiddenOrJoiner: () => new RegExp(`(${JOINER})|${HIDDEN}`, 'gv') })

/** The most of what is shown: to look for what is hidden in it takes many times as long. */
const ALL_VISIBLE = /^[\n\t\x20-\x7E]*$/

const LONGEST_BYTE = 0xff

/** Text of anybody, safe to show: what would steer a terminal, or hide in it, is shown by its number, as `\x1b` and `\u{202e}`. */
export const visibleText = (text: string): string =>
  ALL_VISIBLE.test(text)
    ? text
    : text.replace(patterns.hiddenOrJoiner, (found: string, joiner: string | undefined) => joiner ?? numberOf(found.codePointAt(0) ?? 0))

const numberOf = (code: number): string => (code <= LONGEST_BYTE ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`)

/** A JSON text that is the same value and safe to show: such characters stand in it as JSON escapes. */
export const visibleJson = (json: string): string => json.replace(patterns.hidden, (found) => found.split('').map(jsonEscape).join(''))

const jsonEscape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

const PAIR_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** The pairs in `name=value,name=value`, percent-encoded. Undefined for what is none. */
export const pairsIn = (text: string): Readonly<Record<string, string>> | undefined => {
  const pairs = text.split(',').flatMap((pair) => (pair.trim() === '' ? [] : [pair.trim()]))
  try {
    return Object.fromEntries(
      pairs.map((pair) => {
        const at = pair.indexOf('=')
        const name = pair.slice(0, Math.max(0, at)).trim()
        if (!PAIR_NAME.test(name)) throw new SyntaxError('expected name=value')
        return [name, decodeURIComponent(pair.slice(at + 1).trim())]
      }),
    )
  } catch {
    return undefined
  }
}

/** Of the text that JSON.stringify makes of it, in UTF-8. */
export const bytesAsJson = (text: string): number => {
  let bytes = 2 + text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit >= FIRST_PRINTABLE && unit <= LAST_ASCII) {
      if (unit === QUOTE || unit === BACKSLASH) bytes += 1
    } else if (unit < FIRST_PRINTABLE) bytes += SHORT_ESCAPES.includes(unit) ? 1 : ESCAPED - 1
    else if (unit <= LAST_OF_TWO_BYTES) bytes += 1
    else if (!isSurrogate(unit)) bytes += 2
    else if (isPair(unit, text.charCodeAt(index + 1))) {
      bytes += 2
      index += 1
    } else bytes += ESCAPED - 1
  }
  return bytes
}

const FIRST_PRINTABLE = 0x20
const LAST_ASCII = 0x7f
const LAST_OF_TWO_BYTES = 0x7ff
const QUOTE = 0x22
const BACKSLASH = 0x5c
/** `\b`, `\t`, `\n`, `\f`, `\r`: all others below are written as `\u0001`. */
const SHORT_ESCAPES = [0x08, 0x09, 0x0a, 0x0c, 0x0d]
const ESCAPED = 6

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff

const isPair = (unit: number, next: number): boolean => unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff
