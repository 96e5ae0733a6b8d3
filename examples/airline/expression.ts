import { add, divide, floorDivide, limitBits, multiply, power, subtract } from './arithmetic.ts'
import { Refusal } from './refusal.ts'
import type { Numeric } from './value.ts'

/** A literal's value, or a symbol. */
type Token = Numeric | string

interface Cursor {
  readonly tokens: readonly Token[]
  at: number
  /** Parentheses open at this point. */
  open: number
  /** Of parentheses and of the right sides of `**`, which both recurse. */
  depth: number
}

type Level = (cursor: Cursor) => Numeric
type Operators = Readonly<Partial<Record<string, (a: Numeric, b: Numeric) => Numeric>>>

const TOKEN = / *(?:(\d+\.\d*|\.\d+)|(\d+)|(\.\.\.|\*\*|\/\/|[-+*/().]))/y
const MAX_DEPTH = 200

/**
 * The value of what is left of Python's expressions when only digits, `+-*\/().` and spaces are allowed.
 * Evaluates while it reads. Throws a refusal with the message of Python 3.11; of several faults, one of the messages.
 */
export const evaluate = (expression: string): Numeric => {
  const tokens = tokenise(expression)
  if (tokens.length === 0) throw new Refusal('invalid syntax (<string>, line 0)')
  const cursor: Cursor = { tokens, at: 0, open: 0, depth: 0 }
  const value = readSum(cursor)
  if (cursor.at < tokens.length) throw syntaxError('invalid syntax')
  return value
}

const tokenise = (expression: string): readonly Token[] => {
  const text = expression.trimEnd()
  const tokens: Token[] = []
  let open = 0
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text)
    if (match === null) throw syntaxError('invalid syntax')
    const [, float, integer, symbol = ''] = match
    if (symbol === '(') open++
    if (symbol === ')' && --open < 0) throw syntaxError("unmatched ')'")
    if (open > MAX_DEPTH) throw syntaxError('too many nested parentheses')
    if (float !== undefined) tokens.push(Number(float))
    else tokens.push(integer === undefined ? symbol : integerLiteral(integer))
  }
  return tokens
}

const integerLiteral = (digits: string): bigint => {
  if (/^0+[1-9]/.test(digits)) {
    throw syntaxError('leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers')
  }
  limitBits(Math.floor(digits.length * Math.log2(10)))
  return BigInt(digits)
}

const leftAssociative =
  (operators: Operators, readOperand: Level): Level =>
  (cursor) => {
    let value = readOperand(cursor)
    for (;;) {
      const token = cursor.tokens[cursor.at]
      const operator = typeof token === 'string' ? operators[token] : undefined
      if (operator === undefined) return value
      cursor.at++
      value = operator(value, readOperand(cursor))
    }
  }

const readSigned: Level = (cursor) => {
  let negative = false
  while (cursor.tokens[cursor.at] === '-' || cursor.tokens[cursor.at] === '+') {
    if (cursor.tokens[cursor.at] === '-') negative = !negative
    cursor.at++
  }
  const value = readPower(cursor)
  return negative ? -value : value
}

const readProduct = leftAssociative({ '*': multiply, '/': divide, '//': floorDivide }, readSigned)
const readSum = leftAssociative({ '+': add, '-': subtract }, readProduct)

const readPower: Level = (cursor) => {
  const base = readCall(cursor)
  return taken(cursor, '**') ? power(base, deeper(cursor, readSigned)) : base
}

/** A number followed by parentheses is a call, as in any Python expression, and fails as such. */
const readCall: Level = (cursor) => {
  const value = readOperand(cursor)
  if (!taken(cursor, '(')) return value
  cursor.open++
  if (!taken(cursor, ')')) closed(cursor, deeper(cursor, readSum))
  throw new Refusal(`'${typeof value === 'bigint' ? 'int' : 'float'}' object is not callable`)
}

const readOperand: Level = (cursor) => {
  const token = cursor.tokens[cursor.at]
  if (token === undefined) throw endReached(cursor)
  cursor.at++
  if (typeof token !== 'string') return token
  if (token === '...') throw notANumber('ellipsis')
  if (token !== '(') throw syntaxError('invalid syntax')
  cursor.open++
  if (taken(cursor, ')')) throw notANumber('tuple')
  return readParenthesised(cursor)
}

const readParenthesised: Level = (cursor) => {
  const stars = taken(cursor, '*') ? 'starred' : taken(cursor, '**') ? 'double starred' : undefined
  const value = closed(cursor, deeper(cursor, readSum))
  if (stars !== undefined) throw syntaxError(`cannot use ${stars} expression here`)
  return value
}

/** The value, once its parenthesis is closed. */
const closed = (cursor: Cursor, value: Numeric): Numeric => {
  if (!taken(cursor, ')')) throw notClosed(cursor)
  cursor.open--
  return value
}

const notClosed = (cursor: Cursor): Error => {
  const token = cursor.tokens[cursor.at]
  if (token === undefined || isNeverClosed(cursor)) return endReached(cursor)
  const isValue = typeof token !== 'string' || token === '...'
  return syntaxError(isValue ? 'invalid syntax. Perhaps you forgot a comma?' : 'invalid syntax')
}

const isNeverClosed = (cursor: Cursor): boolean => {
  const rest = cursor.tokens.slice(cursor.at)
  const count = (symbol: string): number => rest.filter((token) => token === symbol).length
  return cursor.open + count('(') > count(')')
}

const endReached = (cursor: Cursor): Error => syntaxError(cursor.open > 0 ? "'(' was never closed" : 'invalid syntax')

const deeper = (cursor: Cursor, read: Level): Numeric => {
  if (cursor.depth > MAX_DEPTH) throw new Refusal('maximum recursion depth exceeded during compilation')
  cursor.depth++
  const value = read(cursor)
  cursor.depth--
  return value
}

const taken = (cursor: Cursor, symbol: string): boolean => {
  if (cursor.tokens[cursor.at] !== symbol) return false
  cursor.at++
  return true
}

const syntaxError = (message: string): Error => new Refusal(`${message} (<string>, line 1)`)

const notANumber = (type: string): Error => new Refusal(`float() argument must be a string or a real number, not '${type}'`)
