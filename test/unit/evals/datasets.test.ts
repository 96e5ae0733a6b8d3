import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineAgent, defineTool, ToolFailure, type ModelRequest } from 'refold'
import { answer, openTestRefold, scriptedModel, toolCalls, type ModelScript } from 'refold/testing'
import type { RunEvent } from '../../../src/events/envelope.ts'
import { casesIn, type CaseExpected, type CaseOf, type DatasetCase } from '../../../src/evals/dataset-case.ts'
import { exportFormats, exportText } from '../../../src/evals/dataset-exports.ts'
import { casesInText, datasetBuilder, datasetLines, datasetVersion, type DatasetOptions } from '../../../src/evals/dataset.ts'

const charge = defineTool({
  name: 'charge',
  description: 'Charges a card',
  input: z.object({ usd: z.number() }),
  output: z.boolean(),
  effect: 'idempotent',
  approval: ({ usd }) => usd > 100,
  execute: ({ usd }) => (usd < 0 ? Promise.reject(new ToolFailure('no such amount', { happened: false })) : Promise.resolve(true)),
})

const desk = defineAgent({ name: 'desk', version: '1', instructions: 'Help.', models: ['shop/one'], tools: [charge] })

/** Charges what the newest message names, then says so. */
const charging: ModelScript = ({ messages }: ModelRequest) => {
  const last = messages.at(-1)
  if (last?.role === 'tool') return answer(last.isError ? 'It failed.' : 'Charged.')
  const usd = Number(/-?\d+/.exec(JSON.stringify(last?.parts))?.[0])
  return Number.isNaN(usd) ? answer('How much?') : toolCalls([{ name: 'charge', arguments: { usd } }])
}

const runOf = async (messages: readonly string[], tags: Record<string, string> = {}): Promise<readonly RunEvent[]> => {
  const refold = await openTestRefold({ agents: [desk], models: { shop: scriptedModel(charging) } })
  const [first = '', ...others] = messages
  const run = await refold.start(desk, { runId: 'one', message: first, tags })
  for (const next of ['', ...others]) {
    if (next !== '') await run.send({ message: next })
    for (const { callId } of (await refold.settle(run)).approvals) await run.deny(callId, { by: 'dana', reason: 'too much' })
    await refold.settle(run)
  }
  return refold.events('one')
}

const built = (cases: readonly DatasetCase[], options: Partial<DatasetOptions> = {}) => {
  const dataset = datasetBuilder({ redact: [], trainShare: undefined, mostCases: Infinity, ...options })
  for (const each of cases) dataset.add(each)
  return dataset
}

describe('the cases of a run', () => {
  test('of a whole run are one: what it began with, and how it stands after its last turn', async () => {
    const events = await runOf(['Charge 30', 'Charge -1', 'Charge 500'], { customer: 'ann' })
    expect(casesIn(events, 'run')).toMatchObject([
      {
        of: 'run',
        source: { runId: 'one', revision: 1, agent: 'desk@1' },
        input: {
          messages: [{ role: 'user', parts: [{ type: 'text', text: 'Charge 30' }] }],
          followUps: ['Charge -1', 'Charge 500'].map((text) => ({ parts: [{ type: 'text', text }] })),
        },
        state: { place: 'awaitingMessage', turn: 1 },
        output: {
          answer: 'It failed.',
          toolCalls: [
            { tool: 'charge', input: { usd: 30 }, outcome: 'succeeded', output: true },
            { tool: 'charge', input: { usd: -1 }, outcome: 'failed', message: 'no such amount' },
            { tool: 'charge', input: { usd: 500 }, outcome: 'denied', message: 'too much' },
          ],
        },
        labels: { customer: 'ann', end: 'open' },
      },
    ])
  })

  test('of whole runs differ where what their users have said later does', async () => {
    const talks = [['Hello'], ['Hello', 'Charge 30'], ['Hello', 'Charge 40'], ['Hello', 'Charge 30']]
    const found = (await Promise.all(talks.map(async (said) => casesIn(await runOf(said, { task: 'charging' }), 'run')))).flat()
    const { cases, duplicates } = built(found)
    expect([cases().length, duplicates(), cases().map(({ task }) => task)]).toEqual([3, 1, ['charging', 'charging', 'charging']])
  })

  test('of its turns each have the conversation before them, and their own calls', async () => {
    const cases = casesIn(await runOf(['Hello', 'Charge 30']), 'turn')
    expect(cases.map(({ input, state, output }) => [input.messages.length, state.turn, output.answer, output.toolCalls.length])).toEqual([
      [1, 1, 'How much?', 0],
      [3, 2, 'Charged.', 1],
    ])
    expect(cases[1]?.source.revision).toBeGreaterThan(cases[0]?.source.revision ?? Infinity)
  })

  test('of its model calls have all that was asked, and what the model wanted', async () => {
    const cases = casesIn(await runOf(['Charge 30']), 'call')
    expect(
      cases.map(({ input, output }) => [input.model, input.messages.map(({ role }) => role), output.answer, output.toolCalls]),
    ).toEqual([
      ['shop/one', ['user'], '', [{ tool: 'charge', input: { usd: 30 }, outcome: 'asked' }]],
      ['shop/one', ['user', 'assistant', 'tool'], 'Charged.', []],
    ])
  })

  test('are of what is over alone, up to wherever its record ends', async () => {
    const events = await runOf(['Hello', 'Charge 30'])
    for (const of of ['run', 'turn', 'call'] satisfies CaseOf[]) {
      const counts = events.map((_, length) => casesIn(events.slice(0, length), of).length)
      expect(counts).toEqual([...counts].sort((a, b) => a - b))
      expect([counts[0], counts[3]]).toEqual([0, 0])
    }
    expect(casesIn(events.slice(1), 'run')).toEqual([])
  })
})

describe('a dataset', () => {
  test('has each input once, whoever gave it, and says how many it left out', async () => {
    const [again, other] = [await runOf(['Hello'], { customer: 'bob' }), await runOf(['Charge 30'])]
    const dataset = built([await runOf(['Hello']), again, other].flatMap((events) => casesIn(events, 'run')))
    expect([dataset.cases().length, dataset.duplicates()]).toEqual([2, 1])
  })

  test('has a version of its content: the order in which runs came is none of it, a word is', async () => {
    const cases = [...casesIn(await runOf(['Hello']), 'run'), ...casesIn(await runOf(['Charge 30']), 'run')]
    const version = datasetVersion(built(cases).cases())
    expect(datasetVersion(built(cases.toReversed()).cases())).toBe(version)
    expect(datasetVersion(built(cases, { redact: [/30/gu] }).cases())).not.toBe(version)
  })

  test.each<CaseOf>(['run', 'turn', 'call'])(
    'is read back when all is redacted that can be, and then says nothing of anybody: of a %s',
    async (of) => {
      const found = casesIn(await runOf(['Charge 30 for Ann', 'Charge 500 for Bob'], { customer: 'Ann', task: 'Ann again' }), of)
      const cases = built(found, { redact: [/[^ ]/gu], trainShare: 0.5 }).cases()
      expect(casesInText(datasetLines(cases), 'x.jsonl')).toEqual(cases)
      const { length } = cases
      expect(length).toBe(found.length)
      expect(cases.map(({ output }) => output.toolCalls.map(({ tool, outcome }) => [tool, outcome]))).toEqual(
        cases.map(({ id }) => found.find((each) => each.id === id)?.output.toolCalls.map(({ tool, outcome }) => [tool, outcome])),
      )
      expect(JSON.stringify(cases)).not.toMatch(/Ann|Bob|500|too much|Charged/)
      expect(cases.map(({ split }) => split)).toEqual(
        built(found, { trainShare: 0.5 })
          .cases()
          .map(({ split }) => split),
      )
      for (const format of exportFormats) expect(exportText(cases, format)).not.toMatch(/Ann|Bob|too much|Charged/)
    },
  )

  test('is redacted in every text that somebody said, and nowhere else', async () => {
    const found = casesIn(
      await runOf(['Charge 30 to ann@example.com', 'and ann@example.com again'], { customer: 'ann@example.com' }),
      'turn',
    )
    const { cases } = built(found, { redact: [/[\w.]+@[\w.]+/gu, /one/gu] })
    expect(JSON.stringify(cases())).not.toContain('ann@example.com')
    expect(cases().map(({ source }) => source.runId)).toEqual(['one', 'one'])
    const whole = casesIn(await runOf(['Hello', 'I am ann@example.com'], {}), 'run')
    expect(JSON.stringify(built(whole, { redact: [/text|[\w.]+@[\w.]+/gu] }).cases()[0]?.input.followUps)).toBe(
      '[{"parts":[{"type":"text","text":"I am [redacted]"}]}]',
    )
    expect(cases().map(({ id }) => id)).toEqual(found.map(({ id }) => id).sort())
  })

  test('is redacted where arguments hide it behind escapes, and in names of labels', async () => {
    const [bare] = casesIn(await runOf(['Hello'], {}), 'run')
    if (bare === undefined) throw new Error('expected a case')
    const said = {
      type: 'toolCall',
      id: 'c1',
      name: 'mail',
      argumentsText: '{"text":"Dear\\nAnna","to":"anna\\u0040example.com","n": 1}',
    } as const
    const other = { ...said, id: 'c2', argumentsText: '{"text": "Dear Bob"}' }
    const [base] = built(
      [{ ...bare, input: { messages: [{ role: 'assistant', parts: [said, other] }] }, labels: { 'anna@example.com': 'yes' } }],
      {
        redact: [/\bAnna\b/gu, /[\w.]+@[\w.]+/gu],
      },
    ).cases()
    expect(base?.input.messages[0]?.parts).toEqual([
      { ...said, argumentsText: '{"text":"Dear\\n[redacted]","to":"[redacted]","n":1}' },
      other,
    ])
    expect(base?.labels).toEqual({ '[redacted]': 'yes' })
  })

  test('is split by task: attempts at one stay together, and nothing moves when others come', async () => {
    const attempts = await Promise.all('abcdefgh'.split('').map((word) => runOf([`Say ${word}`], { task: 'greet' })))
    const others = await Promise.all('stuvwxyz'.split('').map((word) => runOf([`Tell ${word}`])))
    const few = built(
      attempts.flatMap((events) => casesIn(events, 'run')),
      { trainShare: 0.5 },
    ).cases()
    expect(new Set(few.map(({ split }) => split)).size).toBe(1)
    const all = built(
      [...attempts, ...others].flatMap((events) => casesIn(events, 'run')),
      { trainShare: 0.5 },
    ).cases()
    expect(all.filter(({ task }) => task === 'greet')).toEqual(few)
    expect(new Set(all.map(({ split }) => split)).size).toBe(2)
    expect(
      new Set(
        built(all, { trainShare: 1 })
          .cases()
          .map(({ split }) => split),
      ),
    ).toEqual(new Set(['train']))
    expect(
      new Set(
        built(all, { trainShare: 0 })
          .cases()
          .map(({ split }) => split),
      ),
    ).toEqual(new Set(['test']))
  })

  test('holds so many cases at most', async () => {
    const cases = casesIn(await runOf(['Hello', 'Charge 30', 'Charge 31']), 'turn')
    const dataset = built(cases, { mostCases: 2 })
    expect([dataset.cases().length, dataset.isFull()]).toEqual([2, true])
  })

  test('is read back as it was written; of anything else it is said where it stands', async () => {
    const cases = built(casesIn(await runOf(['Hello', 'Charge 30']), 'call')).cases()
    expect(casesInText(datasetLines(cases), 'x.jsonl')).toEqual(cases)
    expect(() => casesInText(`${datasetLines(cases)}{`, 'x.jsonl')).toThrow(`Expected JSON in line ${cases.length + 1} of x.jsonl`)
    for (const line of ['[]', 'null', '{"id":1}', '{"id":"a","input":{"messages":1}}'])
      expect(() => casesInText(line, 'x.jsonl')).toThrow('Expected a case as `refold dataset create` writes it in line 1 of x.jsonl')
  })

  test.each(exportFormats)('is written for %s, with question, answer and where it is from', async (format) => {
    const text = exportText(built(casesIn(await runOf(['Charge 30']), 'run')).cases(), format)
    const [first] = format === 'promptfoo' ? (JSON.parse(text) as unknown[]) : [JSON.parse(text.split('\n')[0] ?? '')]
    for (const part of ['Charge 30', 'Charged.', '"runId":"one"', '"revision":1']) expect(JSON.stringify(first)).toContain(part)
  })
})

describe('what a case expects', () => {
  let found: readonly DatasetCase[] = []
  beforeAll(async () => {
    found = casesIn(await runOf(['Charge 30']), 'run')
  })
  const recorded = (): DatasetCase => found[0]!

  const expected: CaseExpected = {
    answer: 'Call ann@example.org',
    contains: ['ann@example.org'],
    schema: { type: 'string' },
    toolCalls: [{ tool: 'charge', input: { usd: 1, to: 'ann@example.org' } }],
    state: { ledger: { usd: 'ann@example.org' }, hash: { sha256: 'a'.repeat(64) } },
    labels: { polite: 'pass' },
  }

  test('is written to the file and read from it', () => {
    expect(casesInText(datasetLines([{ ...recorded(), expected }]), 'x.jsonl')[0]?.expected).toEqual(expected)
  })

  test('is redacted as what was said is, but for names and hashes', () => {
    const dataset = datasetBuilder({ redact: [/[\w.]+@[\w.]+/gu, /a{5}|pass|ledger|charge/gu], trainShare: undefined, mostCases: 1 })
    dataset.add({ ...recorded(), expected })
    expect(dataset.cases()[0]?.expected).toEqual({
      answer: 'Call [redacted]',
      contains: ['[redacted]'],
      schema: { type: 'string' },
      toolCalls: [{ tool: 'charge', input: { usd: 1, to: '[redacted]' } }],
      state: { ledger: { usd: '[redacted]' }, hash: { sha256: 'a'.repeat(64) } },
      labels: { polite: 'pass' },
    })
  })

  test.each([
    [{ anwser: 'x' }, 'anwser'],
    [{ contains: 'x' }, 'expected.contains'],
    [{ toolCalls: [{ name: 'x', arguments: {} }] }, 'expected.toolCalls'],
    [{ labels: { polite: 'yes' } }, 'expected.labels.polite'],
  ])('and is none of it is refused with its place: %j', (odd, place) => {
    const line = datasetLines([{ ...recorded(), expected: odd as CaseExpected }])
    expect(() => casesInText(line, 'x.jsonl')).toThrow(new RegExp(`line 1 of x.jsonl.*${place.replaceAll('.', String.raw`\.`)}`))
  })
})
