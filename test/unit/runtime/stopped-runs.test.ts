import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import type { RunEventType } from '../../../src/events/run-events.ts'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineProjection, type Projection } from '../../../src/projections/projection.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, openWorld, settle, type World } from '../../support/world.ts'

const types = defineProjection<readonly string[]>({
  name: 'types',
  initial: () => [],
  apply: (before, event) => [...before, event.type],
})

const failingAt = (type: RunEventType): Projection<readonly string[]> => ({
  ...types,
  apply: (before, event) => {
    if (event.type === type) throw new Error('the sum fell over')
    return types.apply(before, event)
  },
})

let paid = 0
const pay = defineTool({
  name: 'pay',
  description: 'Pays',
  input: z.object({}),
  output: z.string(),
  effect: 'once',
  execute: () => Promise.resolve(`paid ${++paid}`),
})

const agentWith = (projection: Projection<readonly string[]>) =>
  defineAgent({
    name: 'clerk',
    version: '1',
    instructions: '',
    models: ['scripted/one'],
    tools: [pay],
    projections: [projection as Projection],
  })

const scripted = () => ({
  scripted: scriptedModel(({ messages }) =>
    messages.some(({ role }) => role === 'tool') ? answer('Paid.') : toolCalls([{ name: 'pay', arguments: {} }]),
  ),
})

/** A process with an agent whose projection fails, and one with the same agent repaired, on the same log. */
const worldWith = (projection: Projection<readonly string[]>, before?: World): World =>
  openWorld({
    agents: [agentWith(projection)],
    models: scripted(),
    ...(before === undefined
      ? {}
      : { log: before.log, clock: before.clock, owner: 'here/2/b', ownerIsGone: (owner) => owner !== 'here/2/b' }),
  })

const quiet = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await nextTurn()
}

const stopped = (type: RunEventType, revision: number) => ({
  code: 'CodeFailed',
  retryable: true,
  message: expect.stringContaining(`the projection types failed at revision ${revision} (${type}): the sum fell over`) as string,
  details: { projection: 'types', revision, type },
})

describe('a projection that fails', () => {
  test.each<[RunEventType, number]>([
    ['ModelCallSucceeded', 1],
    ['ToolCallRequested', 0],
    ['ToolCallSucceeded', 1],
    ['ModelCallRequested', 0],
    ['TurnCompleted', 1],
  ])('at %s stops its run: nothing final is recorded, and nothing begins', async (type, paidBefore) => {
    paid = 0
    const world = worldWith(failingAt(type))
    const run = await world.refold.start('clerk', { runId: 'one' })
    await run.send({ message: 'Pay' })
    await quiet()
    expect(paid).toBe(paidBefore === 1 && type !== 'ModelCallSucceeded' ? 1 : 0)
    const events = await eventsOf(world, 'one')
    expect(events.map((event) => event.type)).not.toContain('RunFailed')
    expect((await run.state()).status).toBe('active')
    expect(world.notices.filter(({ type: notice }) => notice === 'runBroken')).toHaveLength(1)
    expect((await run.verify()).ok).toBe(true)
    await world.refold.runtime.wake('one').catch(() => undefined)
    await quiet()
    expect(world.notices.filter(({ type: notice }) => notice === 'runBroken')).toHaveLength(1)

    // The same log, after the repair: it goes on by itself at the next wake.
    const repaired = worldWith(types, world)
    await repaired.refold.runtime.wake('one')
    const view = await settle(repaired, repaired.refold.run('one'))
    expect(view).toMatchObject({ answer: 'Paid.', waitsFor: 'message', problem: null })
    expect(view.projections.types).toEqual((await eventsOf(repaired, 'one')).map((event) => event.type))
    expect(paid).toBe(1)
  })

  test('at the result of an effect does not lose it, and says which projection and which event', async () => {
    const world = worldWith(failingAt('ModelCallSucceeded'))
    const run = await world.refold.start('clerk', { message: 'Pay' })
    await quiet()
    expect((await eventsOf(world, run.id)).at(-1)?.type).toBe('ModelCallSucceeded')
    expect((await run.untilSettled()).problem).toContain('the projection types failed at revision 3 (ModelCallSucceeded)')
    await expect(run.send({ message: 'And?' })).rejects.toMatchObject(stopped('ModelCallSucceeded', 3))
    expect((await eventsOf(world, run.id)).at(-1)?.type).toBe('ModelCallSucceeded')
  })

  test('at what somebody asks for refuses the command', async () => {
    const world = worldWith(failingAt('MessageReceived'))
    await expect(world.refold.start('clerk', { runId: 'one', message: 'Pay' })).rejects.toMatchObject(stopped('MessageReceived', 1))
    const run = await world.refold.start('clerk', { runId: 'two' })
    await expect(run.send({ message: 'Pay' })).rejects.toMatchObject(stopped('MessageReceived', 1))
    expect((await eventsOf(world, 'two')).map(({ type }) => type)).toEqual(['RunStarted'])
    expect(await run.state()).toMatchObject({ status: 'active', problem: null })
  })

  test.each<RunEventType>(['ModelCallSucceeded', 'RunCancelled'])('at %s does not keep its run from being cancelled', async (type) => {
    const world = worldWith(failingAt(type))
    const run = await world.refold.start('clerk', { message: 'Pay' })
    await quiet()
    await run.cancel({ by: 'ops', reason: 'enough' })
    expect((await run.state()).status).toBe('cancelled')
  })

  test('at an old event stops that run alone, and says so of each command', async () => {
    paid = 0
    const sound = worldWith(types)
    await sound.refold.start('clerk', { runId: 'old', message: 'Pay' })
    await settle(sound, sound.refold.run('old'))
    const world = worldWith(failingAt('ToolCallSucceeded'), sound)
    const old = world.refold.run('old')
    await expect(old.send({ message: 'And?' })).rejects.toMatchObject(stopped('ToolCallSucceeded', 5))
    expect(await old.state()).toMatchObject({ status: 'active', problem: expect.stringContaining('types') as string })
    const other = await world.refold.start('clerk', { runId: 'new' })
    expect(await other.state()).toMatchObject({ waitsFor: 'message', problem: null })
  })

  test('with a promise, or at its beginning, is stopped in the same way', async () => {
    const late = { ...types, apply: () => Promise.resolve([]) as unknown as readonly string[] }
    await expect(worldWith(late).refold.start('clerk', { message: 'Pay' })).rejects.toMatchObject({ code: 'CodeFailed' })
    const unborn = {
      ...types,
      initial: (): readonly string[] => {
        throw new Error('no beginning')
      },
    }
    await expect(worldWith(unborn).refold.start('clerk', { message: 'Pay' })).rejects.toThrow('no beginning')
  })

  test('to show its state does not keep the rest from being shown', async () => {
    const shy = {
      ...types,
      show: () => {
        throw new Error('not today')
      },
    }
    const world = worldWith(shy)
    const run = await world.refold.start('clerk')
    expect((await run.state()).projections).toEqual({ types: { problem: 'it cannot be shown: not today' } })
  })
})

const intent = (_: unknown, _params: Record<string, unknown>): void => undefined

/** Fails at the claim that follows the message, until it is repaired. */
const chartFailing = (fails: boolean) =>
  setup({
    types: { context: {} as Record<string, never>, events: {} as ChartEvent },
    actions: { callTool: intent, note: assign({}) },
    guards: {
      isFine: ({ event }) => {
        if (fails && event.type === 'ToolCallRequested') throw new Error('the guard fell over')
        return true
      },
    },
  }).createMachine({
    id: 'fragile',
    context: () => ({}),
    initial: 'waiting',
    states: {
      waiting: { tags: ['human', 'message'], on: { MessageReceived: 'paying' } },
      paying: {
        entry: { type: 'callTool', params: () => ({ tool: 'pay', input: {} }) },
        on: { ToolCallRequested: { guard: 'isFine', actions: 'note' }, ToolCallSucceeded: 'done' },
      },
      done: { type: 'final' },
    },
  })

const fragile = (fails: boolean) => defineAgent({ name: 'fragile', version: '1', chart: chartFailing(fails), tools: [pay] })

describe('a chart that fails at what its run would do next', () => {
  test('stops there: what somebody said is recorded, nothing is performed, and repaired code goes on', async () => {
    paid = 0
    const world = openWorld({ agents: [fragile(true)] })
    const run = await world.refold.start('fragile', { runId: 'one' })
    await run.send({ message: 'Pay' })
    await quiet()
    expect(paid).toBe(0)
    expect((await eventsOf(world, 'one')).map(({ type }) => type)).toEqual(['RunStarted', 'MessageReceived'])
    expect(world.notices).toContainEqual({
      type: 'runBroken',
      runId: 'one',
      message: expect.stringContaining('the guard fell over') as string,
    })
    await world.refold.runtime.wake('one')
    await world.refold.runtime.wake('one')
    expect(world.notices).toHaveLength(1)

    const repaired = openWorld({ agents: [fragile(false)], log: world.log, clock: world.clock, owner: 'here/2/b' })
    await repaired.refold.runtime.wake('one')
    expect((await settle(repaired, repaired.refold.run('one'))).status).toBe('completed')
    expect(paid).toBe(1)
  })
})
