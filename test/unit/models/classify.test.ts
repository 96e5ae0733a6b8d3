import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'

import { modelFailureClass } from '../../../src/events/message.ts'
import { AppError } from '../../../src/errors.ts'
import { classify, classifyThrown, retryAfterMs } from '../../../src/models/wire/classify.ts'

const error = (status: number | undefined, codes: string[] = [], message = ''): Parameters<typeof classify>[0] => ({
  codes,
  message,
  ...(status !== undefined && { status }),
})

describe("a vendor's error", () => {
  test.each([
    ['a code before the status', error(429, ['insufficient_quota', 'insufficient_quota']), 'quota'],
    ['a code before the status', error(400, ['content_policy_violation', 'invalid_request_error']), 'refusal'],
    ['the status before the type', error(500, ['invalid_request_error']), 'server'],
    ['the type where there is no status', error(undefined, ['overloaded_error']), 'overloaded'],
    ['the type where there is no status', error(undefined, ['rate_limit_error']), 'rateLimit'],
    ['the message of a bad request', error(400, ['invalid_request_error'], 'prompt is too long: 9 > 8'), 'contextLength'],
    ['the message of a bad request only', error(500, [], 'lost the context window'), 'server'],
    ['the size of the request', error(413), 'contextLength'],
    ['nothing known', error(undefined, ['something_new']), 'server'],
    ['its status, whatever word it has', error(500, ['constructor', '__proto__']), 'server'],
    ['a status that is no error', error(304), 'protocol'],
  ])('is classified by %s', (_by, given, expected) => {
    expect(classify(given)).toBe(expected)
  })

  test('always has a class', () => {
    fc.assert(
      fc.property(
        fc.option(fc.integer({ min: 100, max: 999 }), { nil: undefined }),
        fc.array(fc.string()),
        fc.string(),
        (status, codes, message) => {
          expect(modelFailureClass.options).toContain(classify(error(status, codes, message)))
        },
      ),
    )
  })
})

describe('what was thrown below HTTP', () => {
  const withCode = (code: string): Error => Object.assign(new Error('deep'), { code })
  test.each([
    [
      'a reset, at any depth',
      new TypeError('terminated', { cause: new Error('other side closed', { cause: withCode('ECONNRESET') }) }),
      'network',
    ],
    ['undici without a code', new TypeError('terminated'), 'network'],
    ['a silent body', new TypeError('terminated', { cause: withCode('UND_ERR_BODY_TIMEOUT') }), 'timeout'],
    ['JSON that cannot be read', new SyntaxError('Unexpected end of JSON input'), 'protocol'],
    ['a defect of ours', new TypeError('x is not a function'), undefined],
    ['a misuse of Node', Object.assign(new TypeError('bad argument'), { code: 'ERR_INVALID_ARG_TYPE' }), undefined],
    ['an exception of ours', new AppError('InvalidInput', 'no'), undefined],
    ['no error at all', 'oops', undefined],
  ])('%s', (_what, thrown, expected) => {
    expect(classifyThrown(thrown)).toBe(expected)
  })
})

describe('the wait that a vendor asks for', () => {
  const waitOf = (headers: Record<string, string>): number | undefined => retryAfterMs(new Headers(headers))

  test('is never negative and never a fraction', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (seconds) => {
        const wait = waitOf({ 'retry-after': seconds.toFixed(3) })
        expect(wait).toSatisfy((ms: number) => Number.isInteger(ms) && ms >= 0)
      }),
    )
    expect(waitOf({ date: 'Mon, 23 Nov 2026 10:00:00 GMT', 'retry-after': 'Mon, 23 Nov 2026 09:00:00 GMT' })).toBe(0)
  })

  test('is measured by our clock where the vendor does not say when it wrote its date', () => {
    const now = Date.parse('Mon, 23 Nov 2026 10:00:00 GMT')
    const wait = (date: string): number | undefined => retryAfterMs(new Headers({ 'retry-after': date }), now)
    expect(wait('Mon, 23 Nov 2026 10:01:10 GMT')).toBe(70_000)
    expect(wait('Mon, 23 Nov 2026 09:59:00 GMT')).toBe(0)
  })

  test('is unknown where it cannot be read or measured', () => {
    expect(waitOf({})).toBeUndefined()
    expect(waitOf({ 'retry-after': 'soon' })).toBeUndefined()
    expect(waitOf({ 'retry-after': '-5' })).toBeUndefined()
    expect(waitOf({ 'retry-after': 'Monday' })).toBeUndefined()
  })
})
