import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { AssistantPart, Usage } from '../../../src/events/message.ts'
import type { Model, ModelAnswer } from '../../../src/models/model.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const look = defineTool({
  name: 'look',
  description: 'Looks',
  input: z.object({ n: z.number() }),
  output: z.string(),
  effect: 'read',
  execute: ({ n }) => Promise.resolve(`seen ${n}`),
})

const limits = { tokens: null, toolCallsPerTurn: null, repeatedCalls: null, cycles: null }
const agentWith = (options: { readonly maxToolCallsPerAnswer?: number; readonly models?: readonly string[] } = {}) =>
  defineAgent({ name: 'desk', version: '1', instructions: 'Help.', models: ['scripted/one'], tools: [look], limits, ...options })

const asking = (calls: number) => toolCalls(Array.from({ length: calls }, (_, n) => ({ name: 'look', arguments: { n } })))

const usage: Usage = { inputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 5, reasoningTokens: 0 }
const given = (change: Partial<ModelAnswer>): ModelAnswer => ({
  ok: true,
  parts: [{ type: 'text', text: 'Done.' }],
  stop: 'stop',
  usage,
  model: 'one',
  dropped: [],
  ...change,
})

/** A model that gives these answers, one after the other, and then the last one again. */
const custom = (...answers: readonly unknown[]): Model => {
  let calls = 0
  return { isFree: true, call: () => Promise.resolve(answers[Math.min(calls++, answers.length - 1)] as ModelAnswer) }
}

const runWith = async (model: Model, agent = agentWith(), message = 'Go') => {
  const world = openWorld({ agents: [agent], models: { scripted: model } })
  const run = await world.refold.start('desk', { message })
  const view = await settle(world, run)
  return { world, run, view, events: await eventsOf(world, run.id) }
}

describe('an answer that asks for more tool calls than the agent allows', () => {
  test('is counted before any of it is read', async () => {
    let read = 0
    const part = {
      type: 'toolCall' as const,
      id: '1',
      name: 'look',
      get argumentsText() {
        read += 1
        return '{}'
      },
    }
    const { view, events } = await runWith(custom(given({ parts: Array.from({ length: 100_000 }, () => part) }), given({})))
    expect(read).toBe(0)
    expect(view.answer).toBe('Done.')
    expect(events.find(({ type }) => type === 'ModelCallFailed')?.data).toMatchObject({
      class: 'protocol',
      message: 'the answer asks for 100000 tool calls at once, of which the agent allows 128',
      usage,
    })
  })

  test('has failed before any of them is folded, is paid for, and the next attempt counts', async () => {
    const script = [asking(10_000), asking(129), answer('So be it.')]
    const { view, events } = await runWith(scriptedModel(script))
    expect(view.answer).toBe('So be it.')
    const failures = events.filter(({ type }) => type === 'ModelCallFailed')
    expect(failures).toMatchObject([
      {
        data: { class: 'protocol', message: 'the answer asks for 10000 tool calls at once, of which the agent allows 128', next: 'retry' },
      },
      { data: { class: 'protocol', message: 'the answer asks for 129 tool calls at once, of which the agent allows 128' } },
    ])
    expect(events.filter(({ type }) => type === 'ToolCallRequested')).toEqual([])
    expect(view.spent.tokens).toBeGreaterThan(0)
  })

  test('is that of the next model, where the first one keeps at it', async () => {
    const agent = agentWith({ models: ['scripted/one', 'scripted/two'] })
    const model = scriptedModel(({ model: name }) => (name === 'one' ? asking(500) : answer('Done.')))
    expect((await runWith(model, agent)).view.answer).toBe('Done.')
  })

  test('is one of as many as it says, from one to a thousand', async () => {
    const { events } = await runWith(scriptedModel([asking(3), answer('Done.')]), agentWith({ maxToolCallsPerAnswer: 2 }))
    expect(events.filter(({ type }) => type === 'ModelCallFailed')).toHaveLength(1)
    for (const maxToolCallsPerAnswer of [0, -1, 1.5, 1_001, NaN, '5' as unknown as number])
      expect(() => agentWith({ maxToolCallsPerAnswer })).toThrow(expect.objectContaining({ code: 'InvalidConfiguration' }))
  })
})

describe('a thousand calls of one answer', () => {
  test('are all made, and the run goes on', { timeout: 60_000 }, async () => {
    const script = scriptedModel(({ messages }) => (messages.at(-1)?.role === 'tool' ? answer('Done.') : asking(1_000)))
    const { view, events, run } = await runWith(script, agentWith({ maxToolCallsPerAnswer: 1_000 }))
    expect(view).toMatchObject({ answer: 'Done.', waitsFor: 'message' })
    expect(events.filter(({ type }) => type === 'ToolCallSucceeded')).toHaveLength(1_000)
    expect((await run.verify()).ok).toBe(true)
  })
})

describe('an answer', () => {
  const text = (size: number): AssistantPart => ({ type: 'text', text: 'x'.repeat(size) })

  test.each<readonly [string, readonly AssistantPart[], RegExp]>([
    ['has thousands of parts', Array.from({ length: 5_000 }, () => text(1)), /has 5000 parts, of which 2000 are allowed/],
    ['is too long in one piece', [text(9_000_000)], /more than 8388608 characters/],
    ['is too long in many', Array.from({ length: 10 }, () => text(1_000_000)), /more than 8388608 characters/],
    ['has arguments without end', [{ type: 'toolCall', id: '1', name: 'look', argumentsText: '['.repeat(9_000_000) }], /more than/],
    ['is opaque and too long', [{ type: 'opaque', vendor: 'x', content: 'x'.repeat(9_000_000) }], /more than/],
  ])('has failed where it %s, and the run goes on', async (_, parts, message) => {
    const { view, events } = await runWith(custom(given({ parts }), given({})))
    expect(events.find(({ type }) => type === 'ModelCallFailed')?.data).toMatchObject({
      class: 'protocol',
      message: expect.stringMatching(message) as string,
      usage,
    })
    expect(view.answer).toBe('Done.')
  })

  test('has names and ids of a bounded length, whatever its model gives', async () => {
    const long = 'n'.repeat(50_000)
    const call: AssistantPart = { type: 'toolCall', id: long, name: long, argumentsText: '{}' }
    const odd = given({
      parts: [call],
      stop: long,
      model: long,
      responseId: long,
      requestId: long,
      dropped: Array.from({ length: 100 }, () => long),
    })
    const { view, events } = await runWith(custom(odd, given({})))
    const recorded = events.find(({ type }) => type === 'ModelCallSucceeded')
    expect(JSON.stringify(recorded).length).toBeLessThan(20_000)
    expect(recorded?.data).toMatchObject({ dropped: expect.arrayContaining(['long names']) as string[] })
    expect(view.answer).toBe('Done.')
  })

  test('with arguments of thousands of levels is told so, and calls no tool', async () => {
    const deep = `{"n":${'['.repeat(6_000)}${']'.repeat(6_000)}}`
    const call: AssistantPart = { type: 'toolCall', id: '1', name: 'look', argumentsText: deep }
    const { view, events } = await runWith(custom(given({ parts: [call] }), given({})))
    expect(events.find(({ type }) => type === 'ToolCallRejected')?.data).toMatchObject({ reason: 'invalidArguments' })
    expect(view.answer).toBe('Done.')
  })
})

describe('usage that nobody can have counted', () => {
  test.each<readonly [string, Partial<Usage>]>([
    ['below zero', { inputTokens: -1_000_000 }],
    ['below zero for what was cached', { cacheReadTokens: -5 }],
    ['a fraction', { outputTokens: 1.5 }],
    ['more than any model reads', { inputTokens: 9e15 }],
    ['not a number', { inputTokens: NaN }],
    ['without end', { outputTokens: Infinity }],
    ['a text', { inputTokens: '5' as unknown as number }],
    ['missing', { inputTokens: undefined as unknown as number }],
  ])('is estimated, and said to be: it is %s', async (_, odd) => {
    const { view, events } = await runWith(custom(given({ usage: { ...usage, ...odd } })))
    const recorded = events.find(({ type }) => type === 'ModelCallSucceeded')
    expect(recorded?.data).toMatchObject({ dropped: ['usage'] })
    expect(view.spent.tokens).toBeGreaterThan(0)
    expect(view.spent.tokens).toBeLessThan(10_000)
    expect(view.answer).toBe('Done.')
  })

  test('is left out of a failure', async () => {
    const failure = { ok: false, class: 'refusal', message: 'no', usage: { ...usage, inputTokens: -1e9 } }
    const { view } = await runWith(custom(failure, given({})), agentWith({ models: ['scripted/one', 'scripted/two'] }))
    expect(view.answer).toBe('Done.')
    expect(view.spent.tokens).toBe(15)
  })
})
