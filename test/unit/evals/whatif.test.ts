import { describe, expect, test } from 'vitest'
import type { RunEvent } from '../../../src/events/envelope.ts'
import { courseDifference, courseOf } from '../../../src/evals/whatif/course.ts'
import { createPurse } from '../../../src/evals/purse.ts'
import { createSums } from '../../../src/evals/whatif/report.ts'

const event = (revision: number, type: RunEvent['type'], data: object): RunEvent => ({ type, revision, data }) as unknown as RunEvent
const wants = (...calls: readonly (readonly [name: string, argumentsText: string])[]): RunEvent =>
  event(3, 'ModelCallSucceeded', {
    parts: calls.map(([name, argumentsText], index) => ({ type: 'toolCall', id: `c${index}`, name, argumentsText })),
  })
const says = (text: string, revision = 5): RunEvent => event(revision, 'ModelCallSucceeded', { parts: [{ type: 'text', text }] })
const differ = (recorded: readonly RunEvent[], now: readonly RunEvent[]): string => {
  const found = courseDifference(courseOf(recorded), courseOf(now))
  return found === undefined ? 'same' : `${found.recorded} -> ${found.now}`
}

describe('the money of a what-if', () => {
  test('is held by whoever spends it, so that all of them together stay within it, and what one leaves is for the others', async () => {
    const purse = createPurse({ most: 1_000, spent: 100, spenders: 3 })
    const held = [await purse.hold(), await purse.hold(), await purse.hold()]
    expect(held.map((share) => share?.most)).toEqual([300, 300, 300])
    const [next, last] = [purse.hold(), purse.hold()]
    purse.pay(200)
    held[0]?.end()
    expect((await next)?.most).toBe(100)
    purse.pay(600)
    held[1]?.end()
    held[2]?.end()
    ;(await next)?.end()
    expect((await last)?.most).toBe(33)
    expect(purse.isEmpty()).toBe(false)
    purse.pay(100)
    ;(await last)?.end()
    expect(await purse.hold()).toBeUndefined()
    expect(purse.isEmpty()).toBe(true)
  })
})

describe('two answers, or two runs', () => {
  test.each<[string, readonly RunEvent[], readonly RunEvent[], string]>([
    ['the same', [wants(['refund', '{"a":1,"b":2}'])], [wants(['refund', '{ "b": 2, "a": 1 }'])], 'same'],
    ['no arguments', [wants(['refund', ''])], [wants(['refund', '{}'])], 'same'],
    [
      'other arguments',
      [wants(['refund', '{"a":1}'])],
      [wants(['refund', '{"a":2}'])],
      'wants refund -> wants refund with other arguments',
    ],
    [
      'arguments that are none',
      [wants(['refund', '{"a":1}'])],
      [wants(['refund', '{"a":'])],
      'wants refund -> wants refund with other arguments',
    ],
    ['an answer in place of a call', [wants(['refund', '{}'])], [says('No.')], 'wants refund -> answers'],
    ['one call more', [wants(['a', '{}'])], [wants(['a', '{}'], ['b', '{}'])], 'stops -> wants b'],
    ['one call less', [wants(['a', '{}'], ['b', '{}'])], [wants(['a', '{}'])], 'wants b -> stops'],
    ['other words', [says('Yes.')], [says('Yes!')], 'answers -> answers in other words'],
    ['other words and then something else', [says('Yes.'), wants(['a', '{}'])], [says('Yes!'), says('No.')], 'wants a -> answers'],
    ['nothing', [], [], 'same'],
  ])('are compared by what they come to: %s', (_, recorded, now, expected) => {
    expect(differ(recorded, now)).toBe(expected)
  })

  test('name the tool of a call that is rejected, and count a repeated claim once', () => {
    const rejected = event(4, 'ToolCallRejected', { callId: '3.0', reason: 'guardrail', guardrail: 'thrift', message: 'no' })
    expect(courseOf([wants(['refund', '{}']), rejected]).map(({ words }) => words)).toEqual(['wants refund', 'rejects refund (thrift)'])
    const claim = (revision: number): RunEvent => event(revision, 'ToolCallRequested', { callId: '3.0', tool: 'refund', input: {} })
    expect(courseOf([claim(4), claim(5)]).map(({ words }) => words)).toEqual(['calls refund'])
  })
})

describe('the sums of a what-if', () => {
  const found = (runId: string, now: string) => ({
    compared: 1,
    differences: [{ runId, revision: 4, recorded: 'calls refund', now, detail: '' }],
    prompts: [],
    cost: { of: 1, recorded: 2_000_000, now: 1_000_000 },
    unfinished: [{ runId, why: 'no answer' }],
  })
  const about = { id: 'x', mode: 'ask', agent: 'a@2', chosen: 0, stopped: null, paidMicroUsd: 500_000 } as const

  test('keep counts and a few examples, the same in whatever order runs come', () => {
    const reports = [false, true].map((isReversed) => {
      const sums = createSums()
      const runIds = Array.from({ length: 10_000 }, (_, index) => `run-${String(index).padStart(5, '0')}`)
      for (const runId of isReversed ? runIds.toReversed() : runIds)
        sums.take(found(runId, Number(runId.slice(4)) % 4 === 0 ? 'waits' : 'denies refund'))
      return sums.report(about)
    })
    const [report] = reports
    expect(report?.differences.map(({ now, count, share, examples }) => [now, count, share, examples.map(({ runId }) => runId)])).toEqual([
      ['denies refund', 7_500, 0.75, ['run-00001', 'run-00002', 'run-00003', 'run-00005', 'run-00006']],
      ['waits', 2_500, 0.25, ['run-00000', 'run-00004', 'run-00008', 'run-00012', 'run-00016']],
    ])
    expect(report).toMatchObject({
      different: 10_000,
      costUsd: { of: 10_000, recorded: 20_000, now: 10_000, paid: 0.5 },
      unfinished: { count: 10_000 },
    })
    expect(report?.unfinished.runs).toHaveLength(20)
    expect(reports[1]?.differences).toEqual(report?.differences)
  })

  test('hold so many kinds at most, whatever models call their tools', () => {
    const sums = createSums()
    for (let index = 0; index < 5_000; index++) sums.take(found(`run-${index}`, `wants ${index}`))
    const { differences } = sums.report(about)
    expect([differences.length, differences[0]?.now, differences[0]?.count]).toEqual([501, 'something else', 4_500])
  })
})
