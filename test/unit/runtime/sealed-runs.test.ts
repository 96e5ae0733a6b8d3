import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { AppError } from '../../../src/errors.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, manualClock, openWorld, settle, type World } from '../../support/world.ts'

/** A shop whose tools count, and a model that looks an order up and then pays it back. */
const shop = () => {
  const calls = { read: 0, paid: 0, prompts: 0 }
  const tools = [
    defineTool({
      name: 'look_up',
      description: 'Finds an order',
      input: z.object({ id: z.string() }),
      output: z.object({ usd: z.number() }),
      effect: 'read',
      execute: async () => ({ usd: 20 + (calls.read += 1) }),
    }),
    defineTool({
      name: 'refund',
      description: 'Pays it back',
      input: z.object({ id: z.string() }),
      output: z.object({ paid: z.boolean() }),
      effect: 'idempotent',
      execute: async () => {
        calls.paid += 1
        return { paid: true }
      },
    }),
  ]
  const agent = defineAgent({ name: 'support', version: '1', instructions: 'Help.', models: ['shop/model'], tools })
  const model = scriptedModel(({ messages }) => {
    calls.prompts += 1
    const id = /\d+/.exec(JSON.stringify(messages))?.[0] ?? '0'
    const answered = messages.filter(({ role }) => role === 'tool').length
    const name = ['look_up', 'refund'][answered]
    return name === undefined ? answer('Done.') : toolCalls([{ name, arguments: { id } }])
  })
  const clock = manualClock()
  const log = memoryEventLog({ clock })
  const open = (owner = 'here/1/a'): World =>
    openWorld({ agents: [agent], models: { shop: model, other: model }, log, clock, owner, ownerIsGone: (other) => other !== owner })
  return { agent, calls, open }
}

describe('a run that begins with a seal', () => {
  test('executes no tool but those that it names; the others are answered by the record of another run, or by what is said', async () => {
    const { agent, calls, open } = shop()
    const world = open()
    await settle(world, await world.refold.start(agent, { runId: 'origin', message: 'Refund 17' }))
    expect(calls).toEqual({ read: 1, paid: 1, prompts: 3 })
    const sealed = { reads: true, modelCalls: null, record: 'origin' }

    const same = await world.refold.start(agent, { runId: 'same', message: 'Refund 17', sealed })
    expect((await settle(world, same)).transcript.at(-1)).toMatchObject({ parts: [{ text: 'Done.' }] })
    const other = await world.refold.start(agent, { runId: 'other', message: 'Refund 18', sealed })
    expect(await settle(world, other)).toMatchObject({ waitsFor: 'human', toolCalls: [{ tool: 'refund', input: { id: '18' } }] })
    const said = await world.refold.start(agent, {
      runId: 'said',
      message: 'Refund 18',
      sealed: { ...sealed, simulate: { refund: { paid: false } } },
    })
    await settle(world, said)

    expect(calls).toEqual({ read: 4, paid: 1, prompts: 3 + 3 + 2 + 3 })
    const sources = async (runId: string): Promise<unknown[]> =>
      (await eventsOf(world, runId)).flatMap(({ type, data }) =>
        type === 'ToolCallSucceeded' ? [(data as { readonly source?: string }).source] : [],
      )
    expect(await sources('origin')).toEqual([undefined, undefined])
    expect(await sources('same')).toEqual(['real', 'recorded'])
    expect(await sources('said')).toEqual(['real', 'simulated'])
    for (const runId of ['same', 'other', 'said']) expect((await world.refold.run(runId).verify()).ok, runId).toBe(true)
  })

  test('is sealed for whoever goes on with it', async () => {
    const { agent, calls, open } = shop()
    const here = open()
    const run = await here.refold.start(agent, { runId: 'run', message: 'Refund 18', sealed: { reads: true } })
    here.refold.runtime.abandon(new AppError('Closed', 'gone'))
    const there = open('there/2/b')
    await there.refold.runtime.wake('run')
    expect(await settle(there, there.refold.run(run.id))).toMatchObject({ waitsFor: 'human', toolCalls: [{ tool: 'refund' }] })
    expect(calls.paid).toBe(0)
  })

  test('calls no model where none is allowed: the record answers the same prompts, and nothing else', async () => {
    const { agent, calls, open } = shop()
    const world = open()
    await settle(world, await world.refold.start(agent, { runId: 'origin', message: 'Refund 17' }))
    const sealed = { real: ['look_up', 'refund'], modelCalls: 0, record: 'origin' }
    const same = await world.refold.start(agent, { runId: 'same', message: 'Refund 17', sealed })
    await settle(world, same)
    // The look-up was executed again, and brought something else.
    expect(calls).toEqual({ read: 2, paid: 1, prompts: 3 })
    const events = await eventsOf(world, 'same')
    expect(events.find(({ type }) => type === 'ModelCallFailed')?.data).toMatchObject({
      class: 'limit',
      message: 'no answer to this prompt is recorded, and this run calls no model',
    })
  })

  test('has its model in place of those of its agent, and is begun once, with one seal', async () => {
    const { agent, open } = shop()
    const world = open()
    const options = { runId: 'run', message: 'Refund 17', sealed: { model: 'other/model', samples: true } }
    const run = await world.refold.start(agent, options)
    await settle(world, run)
    expect((await eventsOf(world, 'run')).find(({ type }) => type === 'ModelCallRequested')?.data).toMatchObject({ model: 'other/model' })
    await world.refold.start(agent, options)
    await expect(world.refold.start(agent, { ...options, sealed: { real: ['refund'] } })).rejects.toMatchObject({
      code: 'IdempotencyKeyReused',
    })
    await expect(world.refold.start(agent, { runId: 'no', message: 'x', sealed: { real: ['nobody'] } })).rejects.toThrow(
      'Expected tools of support@1 (look_up, refund) as real, found nobody',
    )
    await expect(world.refold.start(agent, { runId: 'no', message: 'x', sealed: { record: 'nobody' } })).rejects.toMatchObject({
      code: 'RunNotFound',
    })
  })
})
