import { describe, expect, test } from 'vitest'
import { attempted, isAppError, messageOf } from '../../src/errors.ts'

const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const cycle: Record<string, unknown> = {}
cycle.self = cycle

const throwing = (): never => {
  throw new Error('looked at')
}

describe('the message of what was thrown', () => {
  test.each<[string, unknown, string]>([
    ['an error', new Error('it fell'), 'it fell'],
    ['an error without a message', new TypeError(''), 'TypeError'],
    ['a text', 'words', 'words'],
    ['nothing', undefined, 'undefined'],
    ['a symbol', Symbol('odd'), 'Symbol(odd)'],
    ['a BigInt', 10n, '[object BigInt]'],
    ['a cycle', cycle, '[object Object]'],
    ['an object without a prototype', Object.create(null), '{}'],
    ['an error whose message is an object', Object.assign(new Error(), { message: { code: 7 } }), '{"code":7}'],
    [
      'an error whose message cannot be read',
      Object.defineProperty(new Error(), 'message', { get: throwing }),
      'something that cannot be shown',
    ],
    ['an object that cannot be written', { toJSON: throwing }, '[object Object]'],
    ['a revoked proxy', revoked(), 'something that cannot be shown'],
  ])('%s is a text', (_, thrown, text) => {
    expect(messageOf(thrown)).toBe(text)
    expect(isAppError(thrown)).toBe(false)
  })
})

describe('an answer of other code', () => {
  const asItIs = (answer: unknown): unknown => answer

  test('is what was made of it', () => {
    expect(attempted(() => 7, Number)).toEqual({ ok: true, value: 7 })
  })

  test.each<[string, () => unknown, string]>([
    ['throws', throwing, 'looked at'],
    ['promises', () => Promise.resolve(true), 'it gave a promise, but has to answer at once'],
    ['promises and fails later', () => Promise.reject(new Error('later')), 'it gave a promise, but has to answer at once'],
    ['gives something thenable', () => ({ then: throwing }), 'it gave a promise, but has to answer at once'],
    ['gives a revoked proxy', revoked, "Cannot perform 'get' on a proxy that has been revoked"],
  ])('that %s is a problem', (_, ask, problem) => {
    expect(attempted(ask, asItIs)).toEqual({ ok: false, problem })
  })
})
