import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { streamOf } from '../../../src/events/codec.ts'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, manualClock, openWorld, settle } from '../../support/world.ts'

const talk = (version = '1', models = ['scripted/one']) => defineAgent({ name: 'talk', version, instructions: '', models })
const scripted = { scripted: scriptedModel(() => answer('Hello.')) }

describe('a start', () => {
  test('of an unknown agent names the known ones', async () => {
    const { refold } = openWorld({ agents: [talk()], models: scripted })
    await expect(refold.start('tolk')).rejects.toThrow('Expected one of the agents talk, found tolk')
  })

  test.each(['', 'has space', '../up', 'ä'])('refuses the run id %j', async (runId) => {
    const { refold } = openWorld({ agents: [talk()], models: scripted })
    await expect(refold.start('talk', { runId })).rejects.toMatchObject({ code: 'InvalidInput' })
  })

  test('that is repeated with its run id is one run', async () => {
    const world = openWorld({ agents: [talk()], models: scripted })
    await Promise.all([1, 2, 3].map(() => world.refold.start('talk', { runId: 'same', message: 'Hi' })))
    await settle(world, world.refold.run('same'))
    expect((await eventsOf(world, 'same')).filter(({ type }) => type === 'MessageReceived')).toHaveLength(1)
  })

  test('whose run id is that of a run of another agent is refused as another command', async () => {
    const other = defineAgent({ name: 'other', version: '1', instructions: '', models: ['scripted/one'] })
    const { refold } = openWorld({ agents: [talk(), other], models: scripted })
    await refold.start('talk', { runId: 'taken' })
    await expect(refold.start('other', { runId: 'taken' })).rejects.toMatchObject({ code: 'IdempotencyKeyReused' })
  })

  test('refuses an empty message and one that is too large', async () => {
    const { refold } = openWorld({ agents: [talk()], models: scripted })
    await expect(refold.start('talk', { message: '  ' })).rejects.toMatchObject({ code: 'InvalidInput' })
    await expect(refold.start('talk', { message: 'x'.repeat(1024 * 1024 + 1) })).rejects.toMatchObject({ code: 'TooLarge' })
  })

  test('keeps a message above 64 KiB in the blob store and gives it back whole', async () => {
    const world = openWorld({ agents: [talk()], models: scripted })
    const text = 'ß'.repeat(70_000)
    const run = await world.refold.start('talk', { message: text })
    expect((await settle(world, run)).transcript[0]).toEqual({ role: 'user', parts: textContent(text) })
    const stored = await Array.fromAsync(world.log.readStream(streamOf(run.id), { from: 1, limit: 1 }))
    expect(stored[0]!.data.length).toBeLessThan(200)
    expect((await run.verify()).ok).toBe(true)
    expect((await run.at(1)).transcript[0]).toEqual({ role: 'user', parts: textContent(text) })
  })
})

describe('a run', () => {
  test('that does not exist is not found', async () => {
    const { refold } = openWorld({ agents: [talk()], models: scripted })
    await expect(refold.run('nobody').state()).rejects.toMatchObject({ code: 'RunNotFound' })
    await expect(refold.run('nobody').send({ message: 'Hi' })).rejects.toMatchObject({ code: 'RunNotFound' })
    await expect(refold.run('nobody').verify()).rejects.toMatchObject({ code: 'RunNotFound' })
  })

  test('has no state beyond its newest revision', async () => {
    const world = openWorld({ agents: [talk()], models: scripted })
    const run = await world.refold.start('talk', { message: 'Hi' })
    const { revision } = await settle(world, run)
    await expect(run.at(revision + 1)).rejects.toThrow(`between 0 and ${revision}, found ${revision + 1}`)
    await expect(run.at(-1)).rejects.toMatchObject({ code: 'InvalidInput' })
  })

  test('ends on the version it began with, beside runs of a newer one', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const before = openWorld({ agents: [talk('1')], models: scripted, log, clock })
    const old = await before.refold.start('talk', { message: 'Hi' })
    await settle(before, old)
    const after = openWorld({ agents: [talk('1'), talk('2')], models: scripted, log, clock, owner: 'here/2/bb' })
    const young = await after.refold.start('talk', { message: 'Hi' })
    expect((await settle(after, young)).agent).toBe('talk@2')
    await after.refold.run(old.id).send({ message: 'Still there?' })
    expect((await settle(after, after.refold.run(old.id))).agent).toBe('talk@1')
    const forgetful = openWorld({ agents: [talk('2')], models: scripted, log, clock, owner: 'here/3/ccc' })
    expect(await forgetful.refold.run(old.id).state()).toMatchObject({ agent: 'talk@1', unfolded: 'UnknownAgent' })
    expect((await forgetful.refold.run(young.id).state()).status).toBe('active')
  })

  test('is refused where its chart was changed under the same version, with the way out', async () => {
    const chart = (target: string) =>
      setup({ types: { context: {} as { n: number }, events: {} as ChartEvent } }).createMachine({
        id: 'flow',
        context: () => ({ n: 0 }),
        initial: 'first',
        states: { first: { on: { MessageReceived: target } }, second: {}, third: {} },
      })
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const before = openWorld({ agents: [defineAgent({ name: 'flow', version: '1', chart: chart('second') })], log, clock })
    const run = await before.refold.start('flow')
    const after = openWorld({
      agents: [defineAgent({ name: 'flow', version: '1', chart: chart('third') })],
      log,
      clock,
      owner: 'here/2/bb',
    })
    await expect(after.refold.run(run.id).send({ message: 'Hi' })).rejects.toThrow(/new version and list both/)
  })

  test('with an event of a newer Refold says so, and other runs go on', async () => {
    const world = openWorld({ agents: [talk()], models: scripted })
    const run = await world.refold.start('talk', { message: 'Hi' })
    const { revision } = await settle(world, run)
    const id = '00000000-0000-4000-8000-ffffffffffff'
    await world.log.append(streamOf(run.id), revision, [{ id, type: 'RunTeleported', data: '{}', meta: '{}' }])
    await expect(run.state()).rejects.toThrow(/found RunTeleported at .*A newer Refold wrote it/)
    const other = await world.refold.start('talk', { message: 'Hi' })
    expect((await settle(world, other)).answer).toBe('Hello.')
  })

  test('of which an event was changed is found by its hash', async () => {
    const world = openWorld({ agents: [talk()], models: scripted })
    const run = await world.refold.start('talk', { message: 'Hi' })
    await settle(world, run)
    const copy = memoryEventLog({ clock: world.clock })
    const events = await Array.fromAsync(world.log.readStream(streamOf(run.id)))
    const forged = events.map((event) => ({ ...event, data: event.data.replace('Hello.', 'Hallo.') }))
    await copy.append(streamOf(run.id), 'no-stream', forged)
    const { refold } = openWorld({ agents: [talk()], models: scripted, log: copy })
    expect(await refold.run(run.id).verify()).toMatchObject({ ok: false, difference: { what: 'hash', revision: 3 } })
  })
})

describe('an instance', () => {
  test('refuses an agent whose provider is not configured', () => {
    expect(() => openWorld({ agents: [talk('1', ['nobody/x'])], models: scripted })).toThrow(/found the providers scripted/)
  })

  test('refuses a money limit on a model without a price, with the two ways out', () => {
    const openUnpriced = () => openWorld({ agents: [talk()], models: scripted, costOf: () => undefined })
    expect(openUnpriced).toThrow(/give it in `prices`, or switch the limit off/)
  })

  test('refuses two agents of one name and version', () => {
    expect(() => openWorld({ agents: [talk(), talk()], models: scripted })).toThrow(/found two/)
  })

  test('that is closed begins nothing, and finishes what is under way', async () => {
    let finish = (_: string): void => undefined
    const slow = defineTool({
      name: 'slow',
      description: 'Takes long',
      input: z.object({}),
      output: z.string(),
      effect: 'read',
      execute: () => new Promise<string>((resolve) => (finish = resolve)),
    })
    const agent = defineAgent({ name: 'slow', version: '1', instructions: '', models: ['scripted/one'], tools: [slow] })
    const world = openWorld({ agents: [agent], models: { scripted: scriptedModel([toolCalls([{ name: 'slow', arguments: {} }])]) } })
    const run = await world.refold.start('slow', { message: 'Go' })
    for await (const event of run.events()) if (event.type === 'ToolCallRequested') break
    const closing = world.refold.close()
    finish('done')
    await closing
    expect((await eventsOf(world, run.id)).at(-1)?.type).toBe('ToolCallSucceeded')
    await expect(world.refold.start('slow')).rejects.toMatchObject({ code: 'Closed' })
  })

  test.each([
    ['a chart that invokes', 'ChartInvalid', { invoke: { src: 'x' } }],
    ['a chart with an unknown intent', 'ChartInvalid', { entry: { type: 'launchRocket', params: {} } }],
  ])('refuses %s, when the agent is defined', (_, code, state) => {
    const chart = setup({
      types: { context: {} as { n: number }, events: {} as ChartEvent },
      actions: { count: assign({ n: 1 }) },
    }).createMachine({
      id: 'bad',
      context: () => ({ n: 0 }),
      initial: 'a',
      states: { a: state as object },
    })
    expect(() => defineAgent({ name: 'bad', version: '1', chart })).toThrow(expect.objectContaining({ code }) as Error)
  })
})

describe('a model provider', () => {
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])('is not %s, which every object inherits', (provider) => {
    const agents = [talk('1', [`${provider}/one`])]
    expect(() => openWorld({ agents, models: scripted })).toThrow(`Expected a provider for the model ${provider}/one of talk@1`)
  })

  test.each(['__proto__', 'constructor'])('may be called %s all the same', async (provider) => {
    const world = openWorld({
      agents: [talk('1', [`${provider}/one`])],
      models: { [provider]: scriptedModel([answer('Hello.')]) },
    })
    expect((await settle(world, await world.refold.start('talk', { message: 'Hi' }))).answer).toBe('Hello.')
  })
})
