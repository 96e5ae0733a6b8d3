import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { AssistantPart } from '../../../src/events/message.ts'
import type { Model, ModelRequest } from '../../../src/models/model.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, failure, type ScriptedOutcome } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { accepted, strictVendors } from '../../support/strict-vendors.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const lookup = defineTool({
  name: 'lookup_order',
  description: 'Finds an order',
  input: z.object({ id: z.string() }),
  output: z.object({ status: z.string() }),
  effect: 'read',
  execute: ({ id }) => Promise.resolve({ status: `order ${id} is on its way` }),
})

const support = (models: readonly string[] = ['strict/one']) =>
  defineAgent({ name: 'support', version: '1', instructions: 'Help.', models, tools: [lookup] })

const USAGE = { inputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 1, reasoningTokens: 0 }
const says = (...parts: AssistantPart[]): ScriptedOutcome => ({
  ok: true,
  parts,
  stop: 'stop',
  usage: USAGE,
  model: 'one',
  dropped: [],
})
const call = (argumentsText: string, name = 'lookup_order', id = 'call_A'): AssistantPart => ({ type: 'toolCall', id, name, argumentsText })

/** Gives the odd answer first, and refuses each later conversation as the named vendor would. */
const strict = (vendor: string, odd: ScriptedOutcome): Model => {
  const requests: ModelRequest[] = []
  return scriptedModel((request) => {
    requests.push(request)
    if (requests.length === 1) return odd
    try {
      accepted(strictVendors[vendor]!, request)
    } catch (refused) {
      return failure('badRequest', { message: String(refused) })
    }
    return answer('Here is what I found.')
  })
}

const ODD: Readonly<Record<string, ScriptedOutcome>> = {
  'arguments that are cut': says(call('{"id": "17')),
  'arguments with words behind them': says(call('{"id":"17"} as you wished')),
  'the name of a tool that nobody takes': says(call('{}', 'multi_tool_use.parallel')),
  'a call without a name': says(call('{}', '')),
  'a call without an id': says(call('{"id":"17"}', 'lookup_order', '')),
  'two calls of one id': says(call('{"id":"17"}'), call('{"id":"18"}')),
  'an id of another vendor': says(call('{"id":"17"}', 'lookup_order', 'functions.lookup_order:0')),
  'half of a character': says({ type: 'text', text: 'I look \ud83d' }, call('{"id":"\\ud83d"}')),
  'a blank text': says({ type: 'text', text: ' ' }, call('{"id":"17"}')),
}

describe.each(Object.keys(strictVendors))('a run with %s', (vendor) => {
  test.each(Object.entries(ODD))('goes on after %s', async (_what, odd) => {
    const world = openWorld({ agents: [support()], models: { strict: strict(vendor, odd) } })
    const run = await world.refold.start('support', { message: 'Where is my order 17?' })
    expect(await settle(world, run)).toMatchObject({ state: 'awaitingMessage', answer: 'Here is what I found.' })
  })
})

describe('a run', () => {
  test('tells a model which of two calls of one id found what', async () => {
    let asked: ModelRequest | undefined
    const model = scriptedModel((request, number) => {
      asked = request
      return number === 1 ? says(call('{"id":"17"}'), call('{"id":"18"}')) : answer('Both.')
    })
    const world = openWorld({ agents: [support()], models: { strict: model } })
    const run = await world.refold.start('support', { message: 'Where are they?' })
    await settle(world, run)
    const turns = accepted(strictVendors['Chat Completions']!, asked!).said
    const agent = turns.find((turn) => turn.by === 'agent')
    for (const { id, input } of agent?.calls ?? []) {
      const { id: order } = input as { readonly id: string }
      expect(turns).toContainEqual({ by: 'tool', id, text: `{"status":"order ${order} is on its way"}` })
    }
    expect((await run.verify()).ok).toBe(true)
  })

  test('tries the next model with a request that one has refused, and asks a person only after the last', async () => {
    const model = scriptedModel((request) => (request.model === 'one' ? failure('badRequest') : answer('from two')))
    const world = openWorld({ agents: [support(['strict/one', 'strict/two'])], models: { strict: model } })
    const run = await world.refold.start('support', { message: 'Hello' })
    expect(await settle(world, run)).toMatchObject({ state: 'awaitingMessage', answer: 'from two' })

    const alone = openWorld({ agents: [support(['strict/one'])], models: { strict: model } })
    expect(await settle(alone, await alone.refold.start('support', { message: 'Hello' }))).toMatchObject({ state: 'escalated' })
  })

  test('records a long message of a failure without half of a character at its end', async () => {
    const world = openWorld({
      agents: [support()],
      models: { strict: scriptedModel([failure('auth', { message: `x${'😀'.repeat(10_000)}` })]) },
    })
    const run = await world.refold.start('support', { message: 'Hello' })
    await settle(world, run)
    const failed = (await eventsOf(world, run.id)).find(({ type }) => type === 'ModelCallFailed')
    const { message } = failed?.data as { readonly message: string }
    expect(message.length).toBeLessThanOrEqual(10_000)
    expect(message.isWellFormed()).toBe(true)
  })
})
