import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import type { Model, ModelRequest } from '../../../src/models/model.ts'
import { answer, toolCalls, type ScriptedOutcome } from '../../../src/models/scripted/script.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import type { RunContext } from '../../../src/projections/run-context.ts'
import type { CommonAgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const channel = z.object({ channel: z.enum(['phone', 'mail']), user: z.string().default('nobody') })

const seen: unknown[] = []
const note = defineTool({
  name: 'note',
  description: 'Notes',
  input: z.object({}),
  output: z.null(),
  effect: 'once',
  messageData: channel,
  approval: (_, { messageData }) => messageData.user === 'stranger',
  execute: (_, { messageData }) => {
    seen.push(messageData)
    return Promise.resolve(null)
  },
})

const agentWith = (options: Partial<CommonAgentOptions> = {}) =>
  defineAgent({ name: 'clerk', version: '1', instructions: 'Note.', models: ['scripted/one'], tools: [note], ...(options as object) })

const NOTE = toolCalls([{ name: 'note', arguments: {} }])
const inTurns = { scripted: scriptedModel(({ messages }: ModelRequest) => (messages.at(-1)?.role === 'user' ? NOTE : answer('Noted.'))) }

describe('the data of the message that led to a call', () => {
  test('is what the tool, its approval and its look-up see, as the tool reads it', async () => {
    seen.splice(0)
    const world = openWorld({ agents: [agentWith()], models: inTurns })
    const run = await world.refold.start('clerk', { message: 'Hi', data: { channel: 'phone' } })
    await settle(world, run)
    await run.send({ message: 'Again', data: { channel: 'mail', user: 'ann' } })
    await settle(world, run)
    await run.send({ message: 'And again', data: { channel: 'mail', user: 'stranger' } })
    expect(await settle(world, run)).toMatchObject({ waitsFor: 'approval' })
    expect(seen).toEqual([
      { channel: 'phone', user: 'nobody' },
      { channel: 'mail', user: 'ann' },
    ])
    expect((await run.verify()).ok).toBe(true)
  })

  test('is of no message that came in since, which no prompt has held', async () => {
    seen.splice(0)
    const world = openWorld({ agents: [agentWith()], models: inTurns })
    const run = await world.refold.start('clerk', { message: 'Hi', data: { channel: 'phone', user: 'stranger' } })
    const [asked] = (await settle(world, run)).approvals
    await run.send({ message: 'By the way', data: { channel: 'mail', user: 'bob' } })
    await run.approve(asked?.callId ?? '', { by: 'ann' })
    await settle(world, run)
    expect(seen).toEqual([
      { channel: 'phone', user: 'stranger' },
      { channel: 'mail', user: 'bob' },
    ])
  })

  test('is of no message that came in while the model was writing what it asks for', async () => {
    seen.splice(0)
    const meanwhile: (() => Promise<void>)[] = [
      () => world.refold.run('r').send({ message: 'By the way', data: { channel: 'mail', user: 'bob' } }),
    ]
    const scripted: Model = {
      isFree: true,
      async call(request, options) {
        await meanwhile.shift()?.()
        return inTurns.scripted.call(request, options)
      },
    }
    const world = openWorld({ agents: [agentWith()], models: { scripted } })
    await settle(world, await world.refold.start('clerk', { runId: 'r', message: 'Hi', data: { channel: 'phone', user: 'ann' } }))
    expect(seen).toEqual([
      { channel: 'phone', user: 'ann' },
      { channel: 'mail', user: 'bob' },
    ])
  })

  test('is the newest of several that one prompt holds, and null where nothing was said with it', async () => {
    const data: unknown[] = []
    const look = defineTool({
      name: 'note',
      description: 'Notes',
      input: z.object({}),
      output: z.null(),
      effect: 'read',
      execute: (_, { messageData }) => {
        data.push(messageData)
        return Promise.resolve(null)
      },
    })
    const world = openWorld({ agents: [agentWith({ tools: [look] })], models: inTurns })
    const run = await world.refold.start('clerk', { message: 'Hi', data: [1, { a: null }] })
    await settle(world, run)
    await run.send({ message: 'Again' })
    await settle(world, run)
    expect(data).toEqual([[1, { a: null }], null])
  })

  test('that is not what the tool needs fails the call before anything has happened', async () => {
    seen.splice(0)
    const world = openWorld({ agents: [agentWith()], models: inTurns })
    const run = await world.refold.start('clerk', { message: 'Hi', data: { channel: 'fax' } })
    const [asked] = (await settle(world, run)).approvals
    await run.approve(asked?.callId ?? '', { by: 'ann' })
    await settle(world, run)
    expect(seen).toEqual([])
    expect((await eventsOf(world, run.id)).find(({ type }) => type === 'ToolCallFailed')?.data).toMatchObject({ happened: 'no' })
  })

  test('is the newest that has come in where a chart calls a tool by itself', async () => {
    seen.splice(0)
    const intent = (_: unknown, _params?: object): void => undefined
    const chart = setup({ actions: { callTool: intent } }).createMachine({
      id: 'noter',
      initial: 'waiting',
      states: {
        waiting: { tags: ['human', 'message'], on: { MessageReceived: 'noting' } },
        noting: {
          entry: { type: 'callTool', params: { tool: 'note', input: {} } },
          on: { ToolCallSucceeded: 'waiting', ToolCallFailed: 'waiting' },
        },
      },
    })
    const noter = defineAgent({ name: 'noter', version: '1', chart, tools: [note] })
    const world = openWorld({ agents: [noter] })
    const run = await world.refold.start('noter', { runId: 'n' })
    for (const user of ['ann', 'bob']) {
      await run.send({ message: 'Note.', data: { channel: 'mail', user } })
      await settle(world, run)
    }
    expect(seen).toEqual([
      { channel: 'mail', user: 'ann' },
      { channel: 'mail', user: 'bob' },
    ])
  })

  test('is seen by guardrails and by what prepares a model call, each of the message that it is about', async () => {
    const places: string[] = []
    const user = (data: unknown): string => (data as { readonly user?: string } | null)?.user ?? 'nobody'
    const check = (place: string) => ({
      name: place,
      check: (text: unknown, { messageData }: RunContext) => {
        places.push(`${place} ${user(messageData)}`)
        return text === 'Shout' ? { verdict: 'block' as const, reason: 'too loud' } : { verdict: 'allow' as const }
      },
    })
    const options: Partial<CommonAgentOptions> = {
      guardrails: { input: [check('input')], output: [check('output')], action: [check('action')] },
      prepareModelCall: ({ messageData }) => void places.push(`model ${user(messageData)}`),
    }
    const world = openWorld({ agents: [agentWith(options)], models: inTurns })
    const run = await world.refold.start('clerk', { message: 'Hi', data: { channel: 'mail', user: 'ann' } })
    await settle(world, run)
    await run.send({ message: 'Shout', data: { channel: 'mail', user: 'bob' } })
    await settle(world, run)
    await run.send({ message: 'Again', data: { channel: 'mail', user: 'cy' } })
    await settle(world, run)
    expect([...new Set(places)]).toEqual([
      'input ann',
      'model ann',
      'action ann',
      'output ann',
      'input bob',
      'input cy',
      'model cy',
      'action cy',
      'output cy',
    ])
  })

  test('stays with a call whose state comes from a snapshot or another process', async () => {
    seen.splice(0)
    const world = openWorld({ agents: [agentWith()], models: inTurns })
    const run = await world.refold.start('clerk', { runId: 'r', message: 'Hi', data: { channel: 'phone', user: 'stranger' } })
    const [asked] = (await settle(world, run)).approvals
    const next = openWorld({ agents: [agentWith()], models: inTurns, log: world.log, clock: world.clock, owner: 'here/2/b' })
    await next.refold.run('r').approve(asked?.callId ?? '', { by: 'ann' })
    await settle(next, next.refold.run('r'))
    expect(seen).toEqual([{ channel: 'phone', user: 'stranger' }])
  })
})

describe('the data that a message to an agent has to have', () => {
  const models = { scripted: scriptedModel((): ScriptedOutcome => answer('Hello.')) }
  const open = () => openWorld({ agents: [agentWith({ messageData: channel })], models })

  test('is recorded as its schema leaves it, at the start and later', async () => {
    const world = open()
    const run = await world.refold.start('clerk', { message: 'Hi', data: { channel: 'phone', more: 'than it takes' } })
    await settle(world, run)
    await run.send({ message: 'Again', data: { channel: 'mail' } })
    await settle(world, run)
    const data = (await eventsOf(world, run.id)).flatMap((event) => (event.type === 'MessageReceived' ? [event.data.data] : []))
    expect(data).toEqual([
      { channel: 'phone', user: 'nobody' },
      { channel: 'mail', user: 'nobody' },
    ])
  })

  test.each([[undefined], [{}], [{ channel: 'fax' }], ['phone']])(
    'is refused before anything is recorded where it is not: %j',
    async (data) => {
      const world = open()
      const expected = { code: 'InvalidInput', details: { field: 'messageData' } }
      await expect(world.refold.start('clerk', { message: 'Hi', data })).rejects.toMatchObject(expected)
      expect(await world.log.head()).toBeUndefined()
      const run = await world.refold.start('clerk', { message: 'Hi', data: { channel: 'mail' } })
      await settle(world, run)
      await expect(run.send({ message: 'Again', data })).rejects.toMatchObject(expected)
      expect((await eventsOf(world, run.id)).filter(({ type }) => type === 'MessageReceived')).toHaveLength(1)
    },
  )

  test('makes a repeated message the same, whatever its schema adds', async () => {
    const world = open()
    const wish = { runId: 'r', message: 'Hi', data: { channel: 'mail' } }
    await settle(world, await world.refold.start('clerk', wish))
    const run = await world.refold.start('clerk', wish)
    for (const commandId of ['c', 'c']) await run.send({ message: 'Again', data: { channel: 'mail' }, commandId })
    await settle(world, run)
    expect((await eventsOf(world, 'r')).filter(({ type }) => type === 'MessageReceived')).toHaveLength(2)
    const other = run.send({ message: 'Again', data: { channel: 'phone' }, commandId: 'c' })
    await expect(other).rejects.toMatchObject({ code: 'IdempotencyKeyReused' })
  })
})
