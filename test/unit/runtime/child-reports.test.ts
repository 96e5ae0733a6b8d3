import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createProjector } from '../../../src/consumers/projector.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { streamOf } from '../../../src/events/codec.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { parentOf } from '../../support/parent-charts.ts'
import { troubledLog } from '../../support/troubled-log.ts'
import { eventsOf, manualClock, openWorld, settle, type World } from '../../support/world.ts'

const pause = async (): Promise<void> => {
  for (let turn = 0; turn < 60; turn++) await nextTurn()
}

const tool = (name: string, approval: boolean) =>
  defineTool({
    name,
    description: name,
    input: z.object({}),
    output: z.string(),
    effect: 'read',
    approval,
    execute: () => Promise.resolve(`${name} done`),
  })

const clerk = defineAgent({ name: 'clerk', version: '1', instructions: 'Pay.', models: ['scripted/one'], tools: [tool('pay', true)] })
const middle = parentOf([{ agent: 'clerk', key: 'b' }], { name: 'middle' })
const top = parentOf([{ agent: 'middle', key: 'a' }], { name: 'top' })
const paying = () => ({ scripted: scriptedModel([toolCalls([{ name: 'pay', arguments: {} }]), answer('Paid.')]) })

const GRANDCHILD = 'run-1.a-1.b-1'

const rowOf = async ({ log }: World, runId: string) => {
  const views = memoryViewStore()
  await createProjector({ log, views }).catchUp()
  return views.get(runId)
}

const grant = async ({ refold }: World, runId: string): Promise<void> => {
  const run = refold.run(runId)
  const [asked] = (await run.state()).approvals
  await run.approve(asked?.callId ?? '', { by: 'ann' })
  // The parent hears of it a moment later.
  await pause()
}

describe('a run whose child waits for a person', () => {
  test.each([1, 5, 12, 40])('never hears later what one of its %i children was before', async (count) => {
    const keys = Array.from({ length: count }, (_, index) => `k${index}`)
    const wide = parentOf(
      keys.map((key) => ({ agent: 'clerk', key })),
      { name: 'wide' },
    )
    const asking = scriptedModel(() => toolCalls([{ name: 'pay', arguments: {} }]))
    const world = openWorld({ agents: [wide, clerk], models: { scripted: asking } })
    const run = await world.refold.start('wide', { runId: 'run-1' })
    for (let times = 0; times < 20; times++) await pause()
    expect(await run.untilSettled()).toMatchObject({ waitsFor: 'approval' })
    const reports = (await eventsOf(world, 'run-1')).flatMap((event) => (event.type === 'ChildRunReported' ? [event.data] : []))
    const newest = new Map(reports.map(({ callId, waitsFor }) => [callId, waitsFor]))
    expect([...newest.values()]).toEqual(keys.map(() => 'approval'))
  })

  test('says so, and in which run, however deep that is, and has settled', async () => {
    const world = openWorld({ agents: [top, middle, clerk], models: paying() })
    const run = await world.refold.start('top', { runId: 'run-1' })
    expect(await settle(world, run)).toMatchObject({ waitsFor: 'approval', waitsIn: GRANDCHILD })
    expect(await world.refold.run('run-1.a-1').state()).toMatchObject({ waitsFor: 'approval', waitsIn: GRANDCHILD })
    expect(await world.refold.run(GRANDCHILD).state()).toMatchObject({ waitsFor: 'approval', waitsIn: null })
    expect(await rowOf(world, 'run-1')).toMatchObject({ waitsFor: 'approval', waitsIn: GRANDCHILD })
    await grant(world, GRANDCHILD)
    expect(await settle(world, run)).toMatchObject({ status: 'completed', output: 'Paid.', waitsFor: null, waitsIn: null })
    expect(await rowOf(world, 'run-1')).toMatchObject({ status: 'completed', waitsFor: null, waitsIn: null })
    for (const id of ['run-1', 'run-1.a-1', GRANDCHILD]) expect((await world.refold.run(id).verify()).ok).toBe(true)
  })

  test('has not settled from the moment on at which somebody has acted below it', async () => {
    const world = openWorld({ agents: [top, middle, clerk], models: paying() })
    const run = await world.refold.start('top', { runId: 'run-1' })
    await settle(world, run)
    const below = world.refold.run(GRANDCHILD)
    const [asked] = (await below.state()).approvals
    await below.approve(asked?.callId ?? '', { by: 'ann' })
    expect(await run.untilSettled()).toMatchObject({ status: 'completed', output: 'Paid.' })
  })

  test('has settled again where somebody else has to act below it', async () => {
    const world = openWorld({ agents: [top, middle, clerk], models: paying() })
    const run = await world.refold.start('top', { runId: 'run-1' })
    await settle(world, run)
    await world.refold.run(GRANDCHILD).pause({ by: 'ann' })
    expect(await run.untilSettled()).toMatchObject({ status: 'active', waitsFor: 'resume', waitsIn: GRANDCHILD })
  })

  test('says no longer so once the child works again, and a pause below it is one for a person too', async () => {
    const world = openWorld({ agents: [top, middle, clerk], models: paying() })
    const run = await world.refold.start('top', { runId: 'run-1' })
    await settle(world, run)
    await world.refold.run(GRANDCHILD).pause({ by: 'ann' })
    await pause()
    expect(await run.state()).toMatchObject({ waitsFor: 'resume', waitsIn: GRANDCHILD })
    expect(await rowOf(world, 'run-1')).toMatchObject({ waitsFor: 'human', waitsIn: GRANDCHILD })
    await world.refold.run(GRANDCHILD).resume({ by: 'ann' })
    await pause()
    expect(await run.state()).toMatchObject({ waitsFor: 'approval' })
    await run.send({ message: 'Never mind.' })
    await pause()
    expect(await run.state()).toMatchObject({ waitsFor: 'human', waitsIn: null })
  })

  test('waits for nobody as long as another child works', async () => {
    const idle = parentOf([], { name: 'idle' })
    const both = parentOf(
      [
        { agent: 'clerk', key: 'a' },
        { agent: 'idle', key: 'b' },
      ],
      { name: 'both' },
    )
    const world = openWorld({ agents: [both, idle, clerk], models: paying() })
    const run = await world.refold.start('both', { runId: 'run-1' })
    await pause()
    expect(await run.state()).toMatchObject({ waitsFor: null, waitsIn: null })
    expect(await rowOf(world, 'run-1')).toMatchObject({ waitsFor: null, waitsIn: null })
  })

  test('learns it from another process where the one that had to tell it died', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    let told = false
    const dying: EventLog = {
      ...log,
      append: (stream, expected, events) => {
        told ||= events.some(({ type }) => type === 'ChildRunReported')
        return told ? new Promise(() => undefined) : log.append(stream, expected, events)
      },
    }
    const agents = [middle, clerk]
    await openWorld({ agents, models: paying(), log: dying, clock, owner: 'first/1/a' }).refold.start('middle', { runId: 'run-1' })
    await pause()
    expect(told).toBe(true)
    const second = openWorld({ agents, models: paying(), log, clock, owner: 'second/2/bb', ownerIsGone: () => true })
    await second.refold.runtime.wake('run-1')
    await pause()
    expect(await second.refold.run('run-1').state()).toMatchObject({ waitsFor: 'approval', waitsIn: 'run-1.b-1' })
    const reports = (await eventsOf(second, 'run-1')).filter(({ type }) => type === 'ChildRunReported').length
    await second.refold.runtime.wake('run-1')
    await pause()
    expect((await eventsOf(second, 'run-1')).filter(({ type }) => type === 'ChildRunReported')).toHaveLength(reports)
  })
})

describe('a run whose child has ended', () => {
  test('learns it also where nobody has the code of the child any more, and the process that had to tell it died', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const first = openWorld({ agents: [top, middle, clerk], models: paying(), log, clock, owner: 'first/1/a' })
    await first.refold.start('top', { runId: 'run-1' })
    await pause()
    await first.refold.close()
    const dying: EventLog = {
      ...log,
      append: (stream, ...rest) => (stream === streamOf('run-1') ? new Promise(() => undefined) : log.append(stream, ...rest)),
    }
    const second = openWorld({ agents: [top, middle, clerk], models: paying(), log: dying, clock, owner: 'second/2/bb' })
    await second.refold.run('run-1.a-1').cancel({ by: 'ann', reason: 'no trip' })
    await pause()
    const changed = parentOf([{ agent: 'clerk', key: 'another' }], { name: 'middle' })
    const third = openWorld({ agents: [top, changed, clerk], models: paying(), log, clock, owner: 'third/3/ccc', ownerIsGone: () => true })
    expect(await third.refold.run('run-1').state()).toMatchObject({ status: 'active' })
    await third.refold.runtime.wake('run-1')
    await pause()
    expect(await third.refold.run('run-1').state()).toMatchObject({ status: 'failed', reason: 'no trip' })
    expect((await third.refold.run('run-1').verify()).ok).toBe(true)
  })
})

const looker = defineAgent({
  name: 'looker',
  version: '1',
  instructions: 'Look.',
  models: ['scripted/one'],
  tools: [tool('look', false)],
  limits: { repeatedCalls: null, cycles: null, iterationsPerTurn: 100, toolCallsPerTurn: 100, tokens: 900 },
})

/** Looks for ever, at 100 tokens a time. */
const looking = () => ({
  scripted: scriptedModel(() => ({
    ...toolCalls([{ name: 'look', arguments: {} }]),
    usage: { inputTokens: 90, outputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
  })),
})

const spentOf = async (world: World, runIds: readonly string[]) => {
  let tokens = 0
  for (const runId of runIds) {
    for (const event of await eventsOf(world, runId)) {
      if (event.type === 'ModelCallSucceeded') tokens += event.data.usage.inputTokens + event.data.usage.outputTokens
    }
  }
  return tokens
}

describe('what child runs spend', () => {
  test('counts against the limits of the run that asked for them, and shows in its row', async () => {
    const world = openWorld({ agents: [top, middle, clerk], models: paying(), costOf: () => 7 })
    const run = await world.refold.start('top', { runId: 'run-1' })
    await settle(world, run)
    const halfway = await spentOf(world, [GRANDCHILD])
    expect(halfway).toBeGreaterThan(0)
    expect((await run.state()).spent).toMatchObject({ tokens: halfway, costMicroUsd: 7 })
    await grant(world, GRANDCHILD)
    const view = await settle(world, run)
    expect(view.spent).toMatchObject({ tokens: await spentOf(world, [GRANDCHILD]), costMicroUsd: 14 })
    expect(await rowOf(world, 'run-1')).toMatchObject({ tokens: view.spent.tokens, costMicroUsd: 14 })
  })

  test('counts where the child is cancelled or dropped, too', async () => {
    const world = openWorld({ agents: [top, middle, clerk], models: paying(), costOf: () => 7 })
    const run = await world.refold.start('top', { runId: 'run-1' })
    await settle(world, run)
    await world.refold.run(GRANDCHILD).cancel({ by: 'ann', reason: 'no' })
    expect(await settle(world, run)).toMatchObject({ status: 'failed', spent: { costMicroUsd: 7 } })
  })

  test('is at most what that run has left, also where several are open at once', async () => {
    const keys = ['a', 'b', 'c', 'd']
    const spender = parentOf(
      keys.map((key) => ({ agent: 'looker', key })),
      { name: 'spender', limits: { tokens: 1_000 } },
    )
    const world = openWorld({ agents: [spender, looker], models: looking() })
    const run = await world.refold.start('spender', { runId: 'run-1' })
    const view = await settle(world, run)
    expect(view).toMatchObject({ status: 'failed', reason: expect.stringContaining('limit: tokens') as string })
    for (let times = 0; times < 20; times++) await pause()
    const children = keys.map((key) => `run-1.${key}-1`)
    for (const child of children) expect((await world.refold.run(child).state()).status).toBe('cancelled')
    expect(await spentOf(world, children)).toBeLessThanOrEqual(1_000 + keys.length * 100)
  })

  test('is limited from the start by what that run has left', async () => {
    const thrifty = parentOf([{ agent: 'looker', key: 'a' }], { name: 'thrifty', limits: { tokens: 250, costUsd: 0.5 } })
    const world = openWorld({ agents: [thrifty, looker], models: looking() })
    await settle(world, await world.refold.start('thrifty', { runId: 'run-1' }))
    const [started] = await eventsOf(world, 'run-1.a-1')
    expect(started).toMatchObject({ data: { settings: { limits: { tokens: 250, costMicroUsd: 500_000 } } } })
    expect(await spentOf(world, ['run-1.a-1'])).toBeLessThanOrEqual(300)
  })
})

describe('a call that waits until its parent has heard what was spent', () => {
  const looked: string[] = []
  const only = defineTool({
    name: 'look',
    description: 'look',
    input: z.object({}),
    output: z.string(),
    effect: 'read',
    concurrency: 1,
    execute: (_, { runId }) => {
      looked.push(runId)
      return Promise.resolve('seen')
    },
  })
  const watcher = defineAgent({ name: 'watcher', version: '1', instructions: 'Look.', models: ['scripted/one'], tools: [only] })
  const agents = [parentOf([{ agent: 'watcher', key: 'a' }], { name: 'owner' }), watcher]
  const looking = toolCalls([{ name: 'look', arguments: {} }])

  test('gives its place back where its run is cancelled meanwhile', async () => {
    looked.splice(0)
    const isTold = Promise.withResolvers<undefined>()
    const goOn = Promise.withResolvers<undefined>()
    const log = troubledLog(memoryEventLog({ clock: manualClock() }), {
      onAppend: (stream, events) => {
        if (stream !== streamOf('run-1') || !events.some(({ type }) => type === 'ChildRunReported')) return undefined
        isTold.resolve(undefined)
        return () => goOn.promise
      },
    })
    const world = openWorld({ agents, models: { scripted: scriptedModel([looking, looking, answer('Seen.')]) }, log })
    await world.refold.start('owner', { runId: 'run-1' })
    await isTold.promise
    const ending = world.refold.run('run-1.a-1').cancel({ by: 'ann', reason: 'no' })
    await pause()
    goOn.resolve(undefined)
    await ending
    await pause()
    expect(looked).toEqual([])
    const next = await settle(world, await world.refold.start('watcher', { runId: 'run-2', message: 'Look.' }))
    expect(next).toMatchObject({ waitsFor: 'message' })
    expect(looked).toEqual(['run-2'])
  })
})

describe('a chart that starts itself', () => {
  const runsOf = async (world: World): Promise<string[]> => {
    const runIds: string[] = []
    for await (const { stream, revision } of world.log.readAll()) if (revision === 0) runIds.push(stream)
    return runIds
  }

  test('comes to a limit of depth, and is told so', async () => {
    const world = openWorld({ agents: [parentOf([{ agent: 'parent', key: 'a' }])] })
    const view = await settle(world, await world.refold.start('parent'))
    expect(view).toMatchObject({ status: 'failed', reason: expect.stringContaining('limit: child depth: 9 of 8') as string })
    expect(await runsOf(world)).toHaveLength(9)
  })

  test('has the limit of depth that the topmost run gives it', async () => {
    const agents = [
      parentOf([{ agent: 'inner', key: 'a' }], { limits: { childDepth: 3 } }),
      parentOf([{ agent: 'inner', key: 'a' }], { name: 'inner', limits: { childDepth: null } }),
    ]
    const world = openWorld({ agents })
    await settle(world, await world.refold.start('parent'))
    expect(await runsOf(world)).toHaveLength(4)
  })

  test('several times over comes to a limit of all runs below the topmost', async () => {
    const keys = ['a', 'b', 'c', 'd']
    const wide = parentOf(
      keys.map((key) => ({ agent: 'wide', key })),
      { name: 'wide', limits: { childRuns: 30, childDepth: null } },
    )
    const world = openWorld({ agents: [wide] })
    await settle(world, await world.refold.start('wide', { runId: 'r' }))
    for (let times = 0; times < 20; times++) await pause()
    const all = await runsOf(world)
    expect(all.length).toBeLessThan(150)
    for (const stream of all) expect((await world.refold.run(stream.slice(stream.indexOf('-') + 1)).state()).status).not.toBe('active')
  })

  test('has no more of them open than its limit', async () => {
    const keys = ['a', 'b', 'c']
    const wide = parentOf(
      keys.map((key) => ({ agent: 'clerk', key })),
      { name: 'wide', limits: { openChildRuns: 2 } },
    )
    const world = openWorld({ agents: [wide, clerk], models: paying() })
    const view = await settle(world, await world.refold.start('wide'))
    expect(view).toMatchObject({ status: 'failed', reason: 'limit: open child runs: 2 of 2' })
  })
})
