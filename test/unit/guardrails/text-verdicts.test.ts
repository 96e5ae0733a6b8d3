import { textContent, type ContentPart } from '../../../src/events/content.ts'
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

describe('a redaction of what has pictures and files', () => {
  const picture: ContentPart = { type: 'image', source: { type: 'url', url: 'https://example.com/face.png' } }
  const file: ContentPart = { type: 'file', source: { type: 'url', url: 'https://example.com/list.pdf' } }
  const text = (words: string): ContentPart => ({ type: 'text', text: words })
  const redacted = (parts: readonly ContentPart[], more: object = {}) =>
    checkText([saying({ verdict: 'redact', text: 'as it is', reason: 'a name', ...more })], { text: 'as it was', parts: [...parts] }, run)

  test('puts its text where the first one stood, and leaves them where they are', () => {
    expect(redacted([picture, text('as'), file, text('it was')])).toMatchObject({ parts: [picture, text('as it is'), file] })
    expect(redacted([picture, file])).toMatchObject({ parts: [text('as it is'), picture, file] })
  })

  test('takes them out where it says so, and only then', () => {
    expect(redacted([picture, text('as it was'), file], { withoutMedia: true })).toMatchObject({ parts: [text('as it is')] })
    for (const withoutMedia of [false, 'yes', undefined])
      expect(redacted([picture, text('as it was')], { withoutMedia })).toMatchObject({ parts: [picture, text('as it is')] })
  })

  test('is told of where only they were taken out', () => {
    expect(redacted([text('as it is'), picture], { withoutMedia: true })).toMatchObject({ redacted: true })
    const same = saying({ verdict: 'redact', text: 'as it was', reason: 'a face', withoutMedia: true })
    expect(checkText([same], { text: 'as it was', parts: [text('as it was'), picture] }, run)).toMatchObject({ redacted: true })
    expect(checkText([same], { text: 'as it was', parts: [text('as it was')] }, run)).toMatchObject({ redacted: false })
  })
})
