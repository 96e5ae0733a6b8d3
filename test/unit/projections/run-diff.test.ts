import { describe, expect, test } from 'vitest'
import { aligned } from '../../../src/projections/alignment.ts'

const letters = (a: string, b: string): string =>
  aligned(Array.from(a), Array.from(b), (letter) => letter)
    .map(([one, other]) => `${one ?? '.'}${other ?? '.'}`)
    .join(' ')

describe('two lists side by side', () => {
  test('have what is the same beside each other, as often as possible and in order', () => {
    expect(letters('abc', 'abc')).toBe('aa bb cc')
    expect(letters('abcd', 'bxd')).toBe('a. bb c. .x dd')
    expect(letters('', 'ab')).toBe('.a .b')
    expect(letters('ab', '')).toBe('a. b.')
    expect(
      letters('abcabba', 'cbabac')
        .split(' ')
        .filter(([one, other]) => one === other),
    ).toHaveLength(4)
  })
})
