import { textsOf } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, failure, toolCalls, type ModelScript } from '../../../src/models/scripted/script.ts'
import type { AgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const lookup = defineTool({
  name: 'lookup_order',
  description: 'Finds an order',
  input: z.object({ id: z.string() }),
  output: z.object({ status: z.string() }),
  effect: 'read',
  execute: ({ id }) => Promise.resolve({ status: `order ${id} is on its way` }),
})

const supportWith = (options: Partial<AgentOptions<unknown>> = {}) =>
  defineAgent({
    name: 'support',
    version: '1',
    instructions: 'Help.',
    models: ['scripted/one', 'scripted/two'],
    tools: [lookup],
    ...options,
  })

const open = (script: ModelScript, options: Partial<AgentOptions<unknown>> = {}) =>
  openWorld({ agents: [supportWith(options)], models: { scripted: scriptedModel(script) } })

const askFor = (id: string) => toolCalls([{ name: 'lookup_order', arguments: { id } }])

describe('an agent run', () => {
  test('calls the tool that the model asks for and answers with what it found, two events an append', async () => {
    const world = open([askFor('17'), answer('It is on its way.')])
    const run = await world.refold.start('support', { message: 'Where is my order 17?' })
    expect(await settle(world, run)).toMatchObject({ state: 'awaitingMessage', waitsFor: 'message', answer: 'It is on its way.' })
    expect((await eventsOf(world, run.id)).map(({ type, meta }) => `${type} ${meta.to}`)).toEqual([
      'RunStarted awaitingMessage',
      'MessageReceived thinking.callingModel',
      'ModelCallRequested thinking.callingModel',
      'ModelCallSucceeded acting',
      'ToolCallRequested acting; 3.0=running',
      'ToolCallSucceeded thinking.callingModel; 3.0=over',
      'ModelCallRequested thinking.callingModel',
      'ModelCallSucceeded finishingTurn',
      'TurnCompleted awaitingMessage',
    ])
  })

  test('has no answer before it has said something, and while it has only asked for tools', async () => {
    const world = open([askFor('17'), answer('On its way.')])
    const run = await world.refold.start('support', { message: 'Where is my order 17?' })
    await settle(world, run)
    const answers = []
    for (let revision = 0; revision < 9; revision++) answers.push((await run.at(revision)).answer)
    expect(answers).toEqual([null, null, null, null, null, null, null, 'On its way.', 'On its way.'])
  })

  test.each([
    ['arguments', '{"id":"17","more":{"__proto__":{"admin":true}}}', 'order 17', /ToolCallRejected.*\$\.more\.__proto__/],
    [
      'output',
      '{"id":"17"}',
      JSON.parse('{"status":"on its way","__proto__":{"admin":true}}') as { status: string },
      /ToolCallFailed.*\$\.__proto__/,
    ],
  ])('refuses a member called __proto__ in the %s of a tool', async (_what, argumentsText, given, recorded) => {
    const output = typeof given === 'string' ? { status: given } : given
    const tool = defineTool({
      name: 'lookup_order',
      description: 'Finds an order',
      input: z.looseObject({ id: z.string() }),
      output: z.looseObject({ status: z.string() }),
      effect: 'read',
      execute: () => Promise.resolve(output),
    })
    const call = { ok: true as const, text: '', toolCalls: [{ name: 'lookup_order', argumentsText }] }
    const world = open([call, answer('I see.'), answer('I see.')], { tools: [tool] })
    const run = await world.refold.start('support', { message: 'Where is it?' })
    await settle(world, run)
    const events = (await eventsOf(world, run.id)).map(({ type, data }) => `${type} ${JSON.stringify(data)}`).join('\n')
    expect(events).toMatch(recorded)
  })

  test('runs parallel calls side by side and asks the model again once all have answered', async () => {
    const both = toolCalls([
      { name: 'lookup_order', arguments: { id: '1' } },
      { name: 'lookup_order', arguments: { id: '2' } },
    ])
    const world = open([both, answer('Both.')])
    const run = await world.refold.start('support', { message: 'Where are they?' })
    const { transcript } = await settle(world, run)
    expect(transcript.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'tool', 'assistant'])
  })

  test('waits out a failing model with the stored retry time and then goes on', async () => {
    const world = open([failure('server'), answer('Back again.')])
    const run = await world.refold.start('support', { message: 'Hello' })
    expect((await settle(world, run)).answer).toBe('Back again.')
    const types = (await eventsOf(world, run.id)).map(({ type }) => type)
    expect(types).toContain('TimerScheduled')
    expect(types).toContain('TimerFired')
  })

  test('falls back to the next model and stays with it', async () => {
    const world = open((request) => (request.model === 'one' ? failure('quota') : answer(`from ${request.model}`)))
    const run = await world.refold.start('support', { message: 'Hello' })
    expect((await settle(world, run)).answer).toBe('from two')
    await run.send({ message: 'Again' })
    await settle(world, run)
    expect((await eventsOf(world, run.id)).filter(({ type }) => type === 'ModelCallFailed')).toHaveLength(1)
  })

  test('is escalated when every model fails for good, and a person may answer for it', async () => {
    const world = open(() => failure('quota'))
    const run = await world.refold.start('support', { message: 'Hello' })
    expect(await settle(world, run)).toMatchObject({ state: 'escalated', waitsFor: 'human' })
    await run.answer({ by: 'dana', text: 'I will call you.' })
    expect(await settle(world, run)).toMatchObject({ state: 'awaitingMessage', answer: 'I will call you.' })
  })

  test('goes on after a person gives it back', async () => {
    let calls = 0
    const world = open(() => (++calls <= 2 ? failure('quota') : answer('Now.')))
    const run = await world.refold.start('support', { message: 'Hello' })
    await settle(world, run)
    await run.giveBack({ by: 'dana', note: 'The quota is raised.' })
    expect((await settle(world, run)).answer).toBe('Now.')
  })

  test('lets the model correct invalid arguments, tells it of unknown tools, and gives up in the end', async () => {
    const wrong = toolCalls([{ name: 'lookup_order', arguments: { id: 17 } }])
    const unknown = toolCalls([{ name: 'find_order', arguments: {} }])
    const world = open([wrong, unknown, askFor('17'), answer('Found.')])
    const run = await world.refold.start('support', { message: 'Where?' })
    const { transcript, answer: last } = await settle(world, run)
    expect(last).toBe('Found.')
    const told = transcript.flatMap((message) => (message.role === 'tool' && message.isError ? [textsOf(message.parts)] : []))
    expect(told[0]).toContain('id')
    expect(told[1]).toContain('The tools are: lookup_order')
    const stubborn = open(() => unknown)
    const lost = await stubborn.refold.start('support', { message: 'Where?' })
    expect((await settle(stubborn, lost)).state).toBe('escalated')
  })

  test('stops at a limit with one answer without tools, then a person owns it', async () => {
    const script: ModelScript = (request) =>
      request.toolChoice === 'none' ? answer('That is all I know.') : askFor(String(request.messages.length))
    const world = open(script, { limits: { iterationsPerTurn: 3 } })
    const run = await world.refold.start('support', { message: 'Search for ever.' })
    expect(await settle(world, run)).toMatchObject({ state: 'escalated', answer: 'That is all I know.' })
    const events = await eventsOf(world, run.id)
    expect(events.filter(({ type }) => type === 'ModelCallRequested')).toHaveLength(4)
    expect(events.find(({ type }) => type === 'LimitExceeded')?.data).toEqual({ limit: 'iterations', used: 3, allowed: 3 })
  })

  test('stops a model that repeats one call with one result', async () => {
    const script: ModelScript = (request) => (request.toolChoice === 'none' ? answer('Stuck.') : askFor('17'))
    const world = open(script)
    const run = await world.refold.start('support', { message: 'Search.' })
    await settle(world, run)
    expect((await eventsOf(world, run.id)).find(({ type }) => type === 'LimitExceeded')?.data).toMatchObject({
      limit: 'repeatedCalls',
      used: 3,
    })
  })

  test('stops when the money is spent', async () => {
    const world = openWorld({
      agents: [supportWith({ limits: { costUsd: 0.01, repeatedCalls: null } })],
      models: {
        scripted: scriptedModel((request) => (request.toolChoice === 'none' ? answer('Broke.') : askFor(String(request.messages.length)))),
      },
      costOf: () => 4_000,
    })
    const run = await world.refold.start('support', { message: 'Spend.' })
    expect((await settle(world, run)).spent.costMicroUsd).toBe(16_000)
    expect((await eventsOf(world, run.id)).find(({ type }) => type === 'LimitExceeded')?.data).toMatchObject({
      limit: 'cost',
      used: 12_000,
    })
  })

  test('ends in a typed result, after the model was asked to correct it', async () => {
    const world = open([answer('no JSON'), answer('{"city":5}'), answer('{"city":"Lyon"}')], { output: z.object({ city: z.string() }) })
    const run = await world.refold.start('support', { message: 'Which city?' })
    expect(await settle(world, run)).toMatchObject({ status: 'completed', output: { city: 'Lyon' } })
    expect(await run.result()).toEqual({ city: 'Lyon' })
  })

  test('takes up a message that comes while it works at its next prompt', async () => {
    const seen: number[] = []
    const world = open((request) => {
      seen.push(request.messages.filter(({ role }) => role === 'user').length)
      return seen.length === 1 ? askFor('17') : answer('Done.')
    })
    const run = await world.refold.start('support', { message: 'Find 17' })
    await run.send({ message: 'and be quick' })
    await settle(world, run)
    expect(seen.at(-1)).toBe(2)
  })

  test('hands over to a person after a tool that does', async () => {
    const transfer = defineTool({
      name: 'transfer',
      description: 'To a person',
      input: z.object({}),
      output: z.string(),
      effect: 'read',
      handsOver: true,
      execute: () => Promise.resolve('Transferred'),
    })
    const world = open([toolCalls([{ name: 'transfer', arguments: {} }])], { tools: [transfer] })
    const run = await world.refold.start('support', { message: 'A person, please' })
    expect(await settle(world, run)).toMatchObject({ state: 'escalated', waitsFor: 'human' })
  })
})
