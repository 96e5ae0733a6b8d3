import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { assign, setup } from 'xstate'
import type { Json } from '../../../src/json.ts'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import type { Model, ModelRequest } from '../../../src/models/model.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineProjection } from '../../../src/projections/projection.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { ToolFailure, type ToolOptions } from '../../../src/tools/tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

type Removal = { root: string; parts: string[] }

interface Seen {
  tools: number
  names: string[]
}

/** In place of a real one: changes what it is given. */
const log = defineProjection<Seen>({
  name: 'log',
  initial: () => ({ tools: 0, names: [] }),
  apply: (seen, event) => (event.type === 'ToolCallRequested' ? { tools: seen.tools + 1, names: [...seen.names, event.data.tool] } : seen),
})

const remove = (options: Partial<ToolOptions<Removal, string>>) =>
  defineTool<Removal, string>({
    name: 'remove',
    description: 'Removes a folder',
    input: z.object({ root: z.string(), parts: z.array(z.string()) }),
    output: z.string(),
    effect: 'idempotent',
    projections: [log],
    execute: () => Promise.resolve('done'),
    ...options,
  })

const wants = [toolCalls([{ name: 'remove', arguments: { root: 'tmp', parts: ['a'] } }]), answer('Removed.')]

const removing = async (tool: Partial<ToolOptions<Removal, string>>, model: Model = scriptedModel(wants)) => {
  const agent = defineAgent({
    name: 'cleaner',
    version: '1',
    instructions: '',
    models: ['scripted/one'],
    tools: [remove(tool)],
    projections: [log],
  })
  const world = openWorld({ agents: [agent], models: { scripted: model } })
  const run = await world.refold.start('cleaner', { message: 'Clean up' })
  return { world, run, agent, view: await settle(world, run) }
}

describe('what was granted is what is executed', () => {
  test('at every attempt, whatever an earlier one has made of its input', async () => {
    const got: Json[] = []
    const { world, run, view } = await removing({
      approval: true,
      execute: (input, { attempt }) => {
        got.push(structuredClone(input))
        input.root = '/'
        input.parts.push('b')
        if (attempt === 1) throw new ToolFailure('busy', { retryable: true })
        return Promise.resolve('done')
      },
    })
    expect(view.approvals[0]?.subject).toEqual({ tool: 'remove', input: { root: 'tmp', parts: ['a'] } })
    await run.approve(view.approvals[0]!.callId, { by: 'ann' })
    expect((await settle(world, run)).answer).toBe('Removed.')
    expect(got).toEqual([
      { root: 'tmp', parts: ['a'] },
      { root: 'tmp', parts: ['a'] },
    ])
    expect((await run.verify()).ok).toBe(true)
  })

  test('whatever a reader does to the question', async () => {
    const got: unknown[] = []
    const { world, run, view } = await removing({ approval: true, execute: (input) => Promise.resolve(String(got.push(input))) })
    const subject = view.approvals[0]!.subject as { input: Removal }
    expect(() => subject.input.parts.push('b')).toThrow(TypeError)
    const [call] = view.toolCalls
    expect(() => Object.assign(call!.input as object, { root: '/' })).toThrow(TypeError)
    await run.approve(view.approvals[0]!.callId, { by: 'ann' })
    await settle(world, run)
    expect(got).toEqual([{ root: 'tmp', parts: ['a'] }])
  })
})

describe('a tool', () => {
  test('cannot change a projection that it has read', async () => {
    const read: Seen[] = []
    const { view } = await removing({
      execute: (_, context) => {
        const seen = context.projection(log)
        read.push(structuredClone(seen))
        expect(() => seen.names.push('forged')).toThrow(TypeError)
        expect(() => (seen.tools = 99)).toThrow(TypeError)
        read.push(structuredClone(context.projection(log)))
        return Promise.resolve('done')
      },
    })
    expect(read).toEqual([
      { tools: 1, names: ['remove'] },
      { tools: 1, names: ['remove'] },
    ])
    expect(view.projections).toEqual({ log: { tools: 1, names: ['remove'] } })
  })

  test('that keeps its output and changes it later changes nothing that was recorded', async () => {
    const kept = { state: 'done' }
    const tool = defineTool({
      name: 'look',
      description: 'Looks',
      input: z.object({}),
      output: z.object({ state: z.string() }),
      effect: 'read',
      execute: () => Promise.resolve(kept),
    })
    const agent = defineAgent({ name: 'looker', version: '1', instructions: '', models: ['scripted/one'], tools: [tool] })
    const world = openWorld({
      agents: [agent],
      models: { scripted: scriptedModel([toolCalls([{ name: 'look', arguments: {} }]), answer('Done.')]) },
    })
    const run = await world.refold.start('looker', { message: 'Look' })
    await settle(world, run)
    kept.state = 'undone'
    expect((await run.state()).transcript).toContainEqual(expect.objectContaining({ role: 'tool', parts: textContent('{"state":"done"}') }))
  })
})

describe('a reader of the state', () => {
  test('cannot change what later prompts say', async () => {
    const prompts: string[] = []
    const model = scriptedModel((request, call) => {
      prompts.push(JSON.stringify(request.messages))
      return call === 1 ? wants[0]! : answer('Removed.')
    })
    const { world, run, view } = await removing({}, model)
    for (const message of view.transcript) expect(() => Object.assign(message, { text: 'forged', parts: [] })).toThrow(TypeError)
    const said = view.transcript.find(({ role }) => role === 'assistant') as { parts: { argumentsText: string }[] }
    expect(() => {
      said.parts[0]!.argumentsText = '{"root":"/"}'
    }).toThrow(TypeError)
    ;(view.transcript as unknown[]).length = 0
    expect(() => ((view.projections.log as Seen).tools = 99)).toThrow(TypeError)
    Object.assign(view.spent, { tokens: -1_000_000 })
    await run.send({ message: 'And now?' })
    const after = await settle(world, run)
    expect(after.transcript[0]).toEqual({ role: 'user', parts: textContent('Clean up') })
    expect(after.projections.log).toEqual({ tools: 1, names: ['remove'] })
    expect(after.spent.tokens).toBeGreaterThan(0)
    expect(prompts.at(-1)).not.toContain('forged')
    expect((await run.verify()).ok).toBe(true)
  })

  test('cannot change the state through the events', async () => {
    const { world, run } = await removing({})
    for (const event of await eventsOf(world, run.id)) {
      expect(() => Object.assign(event.data, { text: 'forged' })).toThrow(TypeError)
    }
    expect(JSON.stringify(await run.state())).not.toContain('forged')
  })
})

describe('a projection that a tool reads', () => {
  const agentWith =
    (tool: Partial<ToolOptions<Removal, string>>, projections = [log]) =>
    () =>
      defineAgent({ name: 'cleaner', version: '1', instructions: '', models: ['scripted/one'], tools: [remove(tool)], projections })

  test('is folded by its agent, or the agent is refused', () => {
    expect(agentWith({})).not.toThrow()
    expect(agentWith({}, [])).toThrow('has to be all that its tools read, found none called log, which remove reads')
    expect(agentWith({}, [log, { ...log }])).toThrow('two called log')
  })

  test('and that it does not declare is a defect, of which the model is not told', async () => {
    const { view, world, run } = await removing({
      projections: [],
      execute: (_, context) => Promise.resolve(JSON.stringify(context.projection(log))),
    })
    expect(JSON.stringify(view.transcript)).not.toContain('declare')
    expect((await eventsOf(world, run.id)).find(({ type }) => type === 'ToolCallFailed')).toMatchObject({
      data: { message: 'remove failed', cause: expect.stringContaining('does not declare it') as string },
    })
  })

  test('may be frozen by its owner at the top alone: what it holds cannot be changed either', async () => {
    const shallow = defineProjection({
      name: 'shallow',
      initial: () => Object.freeze({ plain: { at: 0 }, map: new Map([['a', { at: 0 }]]) }),
      apply: (state) => state,
    })
    const read: unknown[] = []
    const tool = remove({
      retry: { attempts: 2, baseDelayMs: 0 },
      projections: [shallow],
      execute: (_, context) => {
        const { plain, map } = context.projection(shallow)
        read.push([plain.at, map.get('a')?.at, map.size])
        expect(() => (plain.at = 1)).toThrow(TypeError)
        expect(() => (map.get('a')!.at = 1)).toThrow(TypeError)
        map.clear()
        throw new ToolFailure('again', { retryable: true })
      },
    })
    const agent = defineAgent({
      name: 'cleaner',
      version: '1',
      instructions: '',
      models: ['scripted/one'],
      tools: [tool],
      projections: [shallow],
    })
    const world = openWorld({ agents: [agent], models: { scripted: scriptedModel(wants) } })
    await settle(world, await world.refold.start('cleaner', { message: 'Clean up' }))
    expect(read).toEqual([
      [0, 0, 1],
      [0, 0, 1],
    ])
  })

  test('may hold what JSON cannot: a Map is a copy', async () => {
    const counts = defineProjection<{ readonly byType: Map<string, number>; readonly first: { at: number } }>({
      name: 'counts',
      initial: () => ({ byType: new Map(), first: { at: 0 } }),
      apply: (before, { type }) => ({ ...before, byType: new Map(before.byType).set(type, (before.byType.get(type) ?? 0) + 1) }),
    })
    const read: number[] = []
    const tool = remove({
      projections: [counts],
      execute: (_, context) => {
        for (let times = 0; times < 2; times++) {
          const { byType, first } = context.projection(counts)
          read.push(byType.get('RunStarted') ?? 0)
          byType.set('RunStarted', 99)
          expect(() => (first.at = 1)).toThrow(TypeError)
        }
        return Promise.resolve('done')
      },
    })
    const agent = defineAgent({
      name: 'counter',
      version: '1',
      instructions: '',
      models: ['scripted/one'],
      tools: [tool],
      projections: [counts],
    })
    const world = openWorld({ agents: [agent], models: { scripted: scriptedModel(wants) } })
    await settle(world, await world.refold.start('counter', { message: 'Count' }))
    expect(read).toEqual([1, 1])
  })
})

describe('a model', () => {
  test('cannot change the conversation that it is given, nor the tools of its agent', async () => {
    const attempts: (() => unknown)[] = []
    const meddle = (request: ModelRequest): void => {
      attempts.push(
        () => Object.assign(request.messages[0]!, { text: 'forged' }),
        () => Object.assign(request.tools[0]!, { description: 'forged' }),
        () => Object.assign(request.tools[0]!.inputSchema, { properties: {} }),
        () => Object.assign(request.settings, { temperature: 2 }),
      )
      ;(request.messages as unknown[]).push({ role: 'user', parts: textContent('forged') })
    }
    const inner = scriptedModel(wants)
    const call: Model['call'] = async (request, options) => {
      const outcome = await inner.call(request, options)
      meddle(request)
      return outcome
    }
    const { view, agent } = await removing({}, { isFree: true, call })
    for (const attempt of attempts) expect(attempt).toThrow(TypeError)
    expect(view.answer).toBe('Removed.')
    expect(JSON.stringify([view.transcript, agent.prompt])).not.toContain('forged')
  })
})

describe('a projection', () => {
  test('cannot change the event that it folds', async () => {
    const refused: unknown[] = []
    const meddler = defineProjection<number>({
      name: 'meddler',
      initial: () => 0,
      apply: (count, event) => {
        try {
          Object.assign(event.data, { text: 'forged' })
        } catch (error) {
          refused.push(error)
        }
        return count + 1
      },
    })
    const agent = defineAgent({ name: 'talk', version: '1', instructions: '', models: ['scripted/one'], projections: [meddler] })
    const world = openWorld({ agents: [agent], models: { scripted: scriptedModel([answer('Hello.')]) } })
    const run = await world.refold.start('talk', { message: 'Hi' })
    expect((await settle(world, run)).transcript[0]).toEqual({ role: 'user', parts: textContent('Hi') })
    expect(refused.length).toBeGreaterThan(0)
  })
})

describe('the options that an agent was defined with', () => {
  test('are its own: whoever holds them changes nothing any more', async () => {
    const action: { name: string; check: () => { verdict: 'block'; reason: string } }[] = []
    const limits = { toolCallsPerTurn: 5 }
    const models = ['scripted/one']
    const agent = defineAgent({ name: 'talk', version: '1', instructions: '', models, limits, guardrails: { action } })
    action.push({ name: 'late', check: () => ({ verdict: 'block', reason: 'late' }) })
    limits.toolCallsPerTurn = 500
    models.push('scripted/two')
    expect(agent.guardrails.action).toEqual([])
    expect(agent.settings).toMatchObject({ models: ['scripted/one'], limits: { toolCallsPerTurn: 5 } })
    expect(() => Object.assign(agent.settings.limits, { tokens: null })).toThrow(TypeError)
  })
})

describe('what a caller hands over', () => {
  const chart = setup({
    types: { context: {} as { said: readonly unknown[] }, events: {} as ChartEvent, input: {} as { input?: Json } },
  }).createMachine({
    id: 'listener',
    context: ({ input }) => ({ said: input.input === undefined ? [] : [input.input] }),
    initial: 'listening',
    states: {
      listening: {
        tags: ['human', 'message'],
        on: { MessageReceived: { actions: assign({ said: ({ context, event }) => [...context.said, event.data] }) } },
      },
    },
  })

  test('is copied at once: what it does to it later, even before the answer, is not recorded', async () => {
    const world = openWorld({ agents: [defineAgent({ name: 'listener', version: '1', chart })] })
    const input = { order: 'tmp' }
    const starting = world.refold.start('listener', { runId: 'one', input })
    input.order = '/'
    const run = await starting
    const data = { order: 'tmp' }
    const sending = run.send({ message: 'Go', data })
    data.order = '/'
    await sending
    const [begun, received] = await eventsOf(world, 'one')
    expect(begun?.data).toMatchObject({ input: { order: 'tmp' } })
    expect(received?.data).toMatchObject({ data: { order: 'tmp' } })
  })
})

describe('what a reader of the state makes of it', () => {
  test('reaches no call that its chart has only frozen on the outside', async () => {
    const intent = (_: unknown, _params: Record<string, unknown>): void => undefined
    const got: Json[] = []
    const input = Object.freeze({ root: 'tmp', parts: ['a'] })
    const chart = setup({ types: { events: {} as ChartEvent }, actions: { callTool: intent } }).createMachine({
      id: 'cleaning',
      initial: 'waiting',
      states: {
        waiting: { tags: ['human', 'message'], on: { MessageReceived: 'removing' } },
        removing: { entry: { type: 'callTool', params: () => ({ tool: 'remove', input }) }, on: { ToolCallSucceeded: 'done' } },
        done: { type: 'final' },
      },
    })
    const tool = remove({ execute: (given) => Promise.resolve(`did ${got.push(structuredClone(given))}`) })
    const world = openWorld({ agents: [defineAgent({ name: 'cleaning', version: '1', chart, tools: [tool], projections: [log] })] })
    const run = await world.refold.start('cleaning')
    await run.pause({ by: 'ann' })
    await run.send({ message: 'Go' })
    const shown = (await run.state()).toolCalls[0]?.input as unknown as Removal
    expect(shown).toEqual({ root: 'tmp', parts: ['a'] })
    shown.parts[0] = '/'
    await run.resume({ by: 'ann' })
    await settle(world, run)
    expect(got).toEqual([{ root: 'tmp', parts: ['a'] }])
  })
})
