import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { checkText, type TextGuardrail } from '../../../src/guardrails/guardrail.ts'
import type { RunContext } from '../../../src/projections/run-context.ts'

const run: RunContext = {
  runId: 'r',
  tenant: undefined,
  context: null,
  messageData: null,
  dependencies: {},
  projection: (projection) => projection.initial(),
}

/** A guardrail without types may say anything. */
const saying = (verdict: unknown): TextGuardrail => ({ name: 'odd', check: () => verdict as never })

const check = (...verdicts: readonly unknown[]) =>
  checkText(verdicts.map(saying), { text: 'as it was', parts: textContent('as it was') }, run)

describe('what text guardrails say of a text', () => {
  test('lets it through as it was, and says that nothing was taken out', () => {
    expect(check()).toEqual({ verdict: 'allow', text: 'as it was', parts: textContent('as it was'), redacted: false })
    expect(check({ verdict: 'allow' })).toEqual({ verdict: 'allow', text: 'as it was', parts: textContent('as it was'), redacted: false })
    expect(check({ verdict: 'redact', text: 'as it is', reason: 'a name' })).toEqual({
      verdict: 'allow',
      text: 'as it is',
      parts: textContent('as it is'),
      redacted: true,
    })
  })

  test.each([
    ['a redaction without a text', { verdict: 'redact', reason: 'a name' }],
    ['a redaction to something else', { verdict: 'redact', text: 7, reason: 'a name' }],
    ['a text without a verdict', { text: 'as it is' }],
    ['a text with another verdict', { verdict: 'rewrite', text: 'as it is' }],
  ])('blocks it where it is %s', (_, verdict) => {
    expect(check(verdict)).toEqual({
      verdict: 'block',
      guardrail: 'odd',
      reason: 'the guardrail odd could not check it',
      cause: expect.stringContaining('it gave no verdict') as string,
    })
  })

  test('names no reason and no evidence that is none', () => {
    expect(check({ verdict: 'block', reason: 7, evidence: { a: 1 } })).toEqual({
      verdict: 'block',
      guardrail: 'odd',
      reason: 'no reason was given',
    })
    expect(check({ verdict: 'block', reason: 'a name', evidence: 'Ann' })).toMatchObject({ reason: 'a name', evidence: 'Ann' })
  })
})
