import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineAgent, defineTool, type Agent, type DecidedAgain, type ModelRequest } from 'refold'
import { answer, openTestRefold, scriptedModel, toolCalls } from 'refold/testing'
import { by, forkable, outside, played } from '../../support/forks.ts'
import { scenarios } from '../../support/scenarios.ts'
import { settle } from '../../support/world.ts'

let executed = 0

const refund = (options: object = {}) =>
  defineTool({
    name: 'refund',
    description: 'Pays back',
    input: z.object({ usd: z.number() }),
    output: z.boolean(),
    effect: 'idempotent',
    approval: ({ usd }: { usd: number }) => usd > 100,
    execute: () => {
      executed += 1
      return Promise.resolve(true)
    },
    ...options,
  } as never)

type Options = Readonly<Record<string, unknown>>

const support = (version: string, options: Options = {}): Agent =>
  defineAgent({
    name: 'support',
    version,
    instructions: 'Help.',
    models: ['shop/one'],
    tools: [refund()],
    ...options,
  } as never) as Agent

/** Refunds what the newest message names, then says so. */
const model = () =>
  scriptedModel(({ messages }: ModelRequest) => {
    const last = messages.at(-1)
    if (last?.role === 'tool') return answer('Done.')
    const usd = Number(/\d+/.exec(JSON.stringify(last?.parts))?.[0])
    return Number.isNaN(usd) ? answer('How much?') : toolCalls([{ name: 'refund', arguments: { usd } }])
  })

interface Asked {
  readonly messages?: readonly string[]
  readonly before?: Options
  readonly now: Options
}

const decided = async ({ messages = ['Refund 50'], before = {}, now }: Asked): Promise<DecidedAgain> => {
  const then = await openTestRefold({ agents: [support('1', before)], models: { shop: model() } })
  const [message = '', ...more] = messages
  const run = await then.start('support', { runId: 'one', message })
  for (const next of ['', ...more]) {
    if (next !== '') await run.send({ message: next })
    for (const { callId } of (await then.settle(run)).approvals) await run.approve(callId, { by: 'dana' })
    await then.settle(run)
  }
  const events = (await then.events('one')).length
  const count = executed
  const unasked = scriptedModel(() => {
    throw new Error('nobody is asked')
  })
  const refold = await then.crash({ agents: [support('2', now)], models: { shop: unasked } })
  const found = await refold.run('one').decideAgain('2')
  expect([executed, (await refold.events('one')).length]).toEqual([count, events])
  return found
}

const words = ({ decision, prompt }: DecidedAgain): unknown => ({
  ...(decision && { decision: `${decision.recorded} -> ${decision.now}`, at: decision.type }),
  ...(prompt && { prompt: prompt.now }),
})

const blocking = (name: string, why: (text: string) => boolean) => ({
  name,
  check: (text: unknown) => (why(JSON.stringify(text)) ? { verdict: 'block', reason: 'no' } : { verdict: 'allow' }),
})
const throwing = {
  name: 'broken',
  check: () => {
    throw new Error('boom')
  },
}

describe('a recorded run, decided again by another version', () => {
  test('that decides the same has no difference, whatever has come in', async () => {
    const found = await decided({ messages: ['Hello', 'Refund 50', 'Refund 500'], now: {} })
    expect(found).toMatchObject({ runId: 'one', from: 'support@1', to: 'support@2', decision: null, prompt: null })
  })

  test.each<[string, Asked, object]>([
    [
      'an approval that is asked now',
      { now: { tools: [refund({ approval: () => true })] } },
      { decision: 'calls refund -> asks approval of refund', at: 'ToolCallRequested' },
    ],
    [
      'an approval that is asked no longer',
      { messages: ['Refund 500'], now: { tools: [refund({ approval: () => false })] } },
      { decision: 'asks approval of refund -> calls refund', at: 'ApprovalRequested' },
    ],
    [
      'arguments that do not fit any more',
      { now: { tools: [refund({ input: z.object({ usd: z.number().max(20) }) })] } },
      { decision: 'calls refund -> rejects refund (arguments)', at: 'ToolCallRequested', prompt: 'asks the model with other tools' },
    ],
    [
      'a tool that is gone',
      { now: { tools: [] } },
      { decision: 'calls refund -> rejects refund (no such tool)', at: 'ToolCallRequested', prompt: 'asks the model with other tools' },
    ],
    [
      'a guardrail on calls',
      { now: { guardrails: { action: [blocking('thrift', () => true)] } } },
      { decision: 'calls refund -> rejects refund (thrift)', at: 'ToolCallRequested' },
    ],
    [
      'a guardrail on messages that no run had before',
      { messages: ['Hello', 'Refund 50'], now: { guardrails: { input: [blocking('thrift', (text) => text.includes('Refund'))] } } },
      { decision: 'takes the message -> blocks the message (thrift)', at: 'MessageReceived' },
    ],
    [
      'a guardrail on answers that no run had before',
      { now: { guardrails: { output: [blocking('terse', (text) => text.includes('Done'))] } } },
      { decision: 'takes the answer -> rejects the answer (terse)', at: 'ModelCallSucceeded' },
    ],
    [
      'guardrails that let everything through',
      { now: { guardrails: { input: [blocking('a', () => false)], output: [blocking('b', () => false)] } } },
      {},
    ],
    [
      'guardrails that are gone',
      { before: { guardrails: { input: [blocking('a', () => false)], output: [blocking('b', () => false)] } }, now: {} },
      {},
    ],
    [
      'a guardrail that throws, which blocks',
      { now: { guardrails: { action: [throwing] } } },
      { decision: 'calls refund -> rejects refund (broken)', at: 'ToolCallRequested' },
    ],
    [
      'a rule for approvals that throws, which asks',
      { now: { tools: [refund({ approval: throwing.check })] } },
      { decision: 'calls refund -> asks approval of refund', at: 'ToolCallRequested' },
    ],
    [
      'a limit that leaves no room',
      { now: { limits: { iterationsPerTurn: 1 } } },
      { decision: 'asks the model -> reaches its limit (iterations)', at: 'ToolCallSucceeded' },
    ],
    [
      'a limit on calls of tools',
      { messages: ['Refund 50'], now: { limits: { costUsd: 0 } } },
      { decision: 'asks the model -> reaches its limit (cost)', at: 'MessageReceived' },
    ],
    ['other instructions', { now: { instructions: 'Help, and smile.' } }, { prompt: 'asks the model with other instructions' }],
    ['another model', { now: { models: ['shop/two'] } }, { prompt: 'asks the model with other model' }],
    ['other settings', { now: { modelSettings: { temperature: 0 } } }, { prompt: 'asks the model with other settings' }],
    [
      'settings that throw',
      { now: { prepareModelCall: throwing.check } },
      { decision: 'asks the model -> gets no answer (badRequest)', at: 'ModelCallRequested' },
    ],
    [
      'a context that it does not take',
      { now: { context: z.object({ name: z.string() }) } },
      { decision: 'RunStarted -> cannot go on', at: 'RunStarted' },
    ],
    [
      'a result in place of a conversation',
      { now: { output: z.object({ paid: z.boolean() }) } },
      {
        decision: 'takes the answer -> rejects the answer (its form)',
        at: 'ModelCallSucceeded',
        prompt: 'asks the model with other output',
      },
    ],
    [
      'a projection that fails',
      { now: { projections: [{ name: 'sum', initial: 0, apply: throwing.check, version: 1 }] } },
      { decision: 'RunStarted -> is stopped by a projection', at: 'RunStarted' },
    ],
  ])('tells of %s', async (_, asked, expected) => {
    expect(words(await decided(asked))).toEqual(expected)
  })

  test.each(Object.entries(scenarios))('has no difference where it is decided by its own version: %s', async (_, scenario) => {
    const there = outside()
    const { world, origin, events } = await played(there, scenario)
    const before = { executed: there.executed.length, looks: there.looks, prompts: there.prompts }
    const [, version = ''] = (await origin.state()).agent.split('@')
    expect(await origin.decideAgain(version)).toMatchObject({ decision: null, prompt: null, events: events.length })
    for (const at of forkable(events)) {
      const fork = await origin.fork({ at, by, runId: `fork-${at}`, modelCalls: 0 })
      await settle(world, fork)
      expect(await fork.decideAgain(version), `fork at ${at}`).toMatchObject({ decision: null, prompt: null })
    }
    expect({ executed: there.executed.length, looks: there.looks, prompts: there.prompts }).toEqual(before)
  })

  test('has no difference where a person has taken it over, spoken for it and given it back', async () => {
    const refold = await openTestRefold({ agents: [support('1')], models: { shop: model() } })
    const run = await refold.start('support', { runId: 'one', message: 'Hello' })
    await refold.settle(run)
    await run.takeOver({ by: 'dana' })
    await run.send({ message: 'Refund 50' })
    await refold.settle(run)
    await run.answer({ by: 'dana', text: 'I see to it.' })
    await run.send({ message: 'Refund 20' })
    await run.giveBack({ by: 'dana' })
    await refold.settle(run)
    expect(await run.decideAgain('1')).toMatchObject({ decision: null, prompt: null, events: (await refold.events('one')).length })
  })

  test('is refused for a version that is not there, and for a run that is not', async () => {
    const refold = await openTestRefold({ agents: [support('1')], models: { shop: model() } })
    await refold.settle(await refold.start('support', { runId: 'one', message: 'Hello' }))
    await expect(refold.run('one').decideAgain('2')).rejects.toMatchObject({ code: 'UnknownAgent' })
    await expect(refold.run('two').decideAgain('1')).rejects.toMatchObject({ code: 'RunNotFound' })
    await expect(refold.run('one').decideAgain('')).rejects.toMatchObject({ code: 'InvalidInput' })
  })
})
