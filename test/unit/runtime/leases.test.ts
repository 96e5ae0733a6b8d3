import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import type { ToolContext } from '../../../src/tools/tool.ts'
import { outcomeUnknown, troubledLog } from '../../support/troubled-log.ts'
import { eventsOf, manualClock, openWorld, settle, type World } from '../../support/world.ts'

type Execute = (context: ToolContext) => Promise<string>

const payer = (execute: Execute) =>
  defineAgent({
    name: 'payer',
    version: '1',
    instructions: 'Pay.',
    models: ['scripted/one'],
    tools: [
      defineTool({
        name: 'pay',
        description: 'Pays',
        input: z.object({}),
        output: z.string(),
        effect: 'once',
        timeoutMs: 10_000,
        execute: (_, context) => execute(context),
      }),
    ],
  })

const models = {
  scripted: scriptedModel(({ messages }) => (messages.length === 1 ? toolCalls([{ name: 'pay', arguments: {} }]) : answer('Paid.'))),
}

const typesOf = async (world: Pick<World, 'log'>, runId: string) => (await eventsOf(world, runId)).map(({ type }) => type)

const turns = async (count = 50): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await nextTurn()
}

describe('an effect', () => {
  test('whose claim was acknowledged so late that its lease could pass is claimed again before it begins', async () => {
    const clock = manualClock()
    const attempts: number[] = []
    const log = troubledLog(memoryEventLog({ clock }), {
      onAppend: (_, events) => (events.at(-1)?.data.includes('"attempt":1,"tool"') === true ? () => clock.advance(6_000) : undefined),
    })
    const agent = payer(({ attempt }) => Promise.resolve(`attempt ${attempts.push(attempt)}`))
    const world = openWorld({ agents: [agent], models, log, clock })
    const run = await world.refold.start('payer', { message: 'Pay.' })
    await settle(world, run)
    expect(attempts).toEqual([2])
    expect(await typesOf(world, run.id)).toEqual(expect.arrayContaining(['ToolCallRequested', 'ToolCallRequested', 'ToolCallSucceeded']))
  })

  test('never begins once another process has taken the claim for lost', async () => {
    const clock = manualClock()
    const inner = memoryEventLog({ clock })
    const gate = Promise.withResolvers<unknown>()
    let paid = 0
    const agent = payer(() => Promise.resolve(`paid ${++paid}`))
    const away = troubledLog(inner, {
      onAppend: (_, events) => (events.some(({ type }) => type === 'ToolCallRequested') ? () => gate.promise : undefined),
    })
    const slow = openWorld({ agents: [agent], models, log: away, clock, owner: 'slow/1/a' })
    const other = openWorld({ agents: [agent], models, log: inner, clock, owner: 'other/2/bb' })
    const run = await slow.refold.start('payer', { message: 'Pay.', runId: 'run-1' })
    await turns()
    clock.advance(60_000)
    await other.refold.runtime.wake(run.id)
    await other.refold.run(run.id).settleToolCall('3.0', { by: 'ann', outcome: { succeeded: false, message: 'the bank says no' } })
    await settle(other, other.refold.run(run.id))
    gate.resolve(undefined)
    await turns()
    expect(paid).toBe(0)
  })

  test('that was repeated to an unknown outcome and found stored late is not begun on the old claim either', async () => {
    const clock = manualClock()
    let lost = 0
    const attempts: number[] = []
    const log = troubledLog(memoryEventLog({ clock }), {
      onAppend: (_, events) =>
        events.some(({ data }) => data.includes('"attempt":1,"tool"'))
          ? () => {
              if (lost++ === 3) return
              clock.advance(4_000)
              throw outcomeUnknown()
            }
          : undefined,
    })
    const agent = payer(({ attempt }) => Promise.resolve(`attempt ${attempts.push(attempt)}`))
    const world = openWorld({ agents: [agent], models, log, clock })
    await settle(world, await world.refold.start('payer', { message: 'Pay.' }))
    expect(attempts).toEqual([2])
  })
})

describe('a lease is counted by the clock of the store', () => {
  test.for([
    { who: 'that takes over is an hour ahead', claimantMs: 0, otherMs: 3_600_000 },
    { who: 'that claims is an hour behind', claimantMs: -3_600_000, otherMs: 0 },
    { who: 'that claims is behind and the one that takes over ahead', claimantMs: -60_000, otherMs: 60_000 },
  ])('where the clock of the process $who', async ({ claimantMs, otherMs }) => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const agent = payer(() => new Promise<never>(() => undefined))
    const worldOf = (owner: string, aheadMs: number): World =>
      openWorld({
        agents: [agent],
        models,
        log,
        clock: { ...clock, now: () => clock.now() + aheadMs },
        owner,
        storeOffsetMs: -aheadMs,
      })
    const claimant = worldOf('claimant/1/a', claimantMs)
    const other = worldOf('other/2/bb', otherMs)
    const run = await claimant.refold.start('payer', { message: 'Pay.', runId: 'run-1' })
    await turns()
    await other.refold.runtime.wake(run.id)
    expect((await typesOf(other, run.id)).at(-1)).toBe('ToolCallRequested')
    // Without the claimant, whose own deadline would end the call.
    claimant.refold.close({ graceMs: 0 }).catch(() => undefined)
    clock.advance(10_000 + 5_000 + 2_001)
    await turns()
    await other.refold.runtime.wake(run.id)
    expect(await typesOf(other, run.id)).toContain('ToolCallUnresolved')
  })
})

describe('a paused run', () => {
  test('has what had begun brought to its end by another process, and waits to be resumed', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const hangs = { scripted: { isFree: true as const, call: () => new Promise<never>(() => undefined) } }
    const agent = payer(() => Promise.resolve('paid'))
    const first = openWorld({ agents: [agent], models: hangs, log, clock, owner: 'first/1/a' })
    const run = await first.refold.start('payer', { message: 'Pay.', runId: 'run-1' })
    await run.pause({ by: 'ann' })
    const second = openWorld({ agents: [agent], models, log, clock, owner: 'second/2/bb', ownerIsGone: (owner) => owner === 'first/1/a' })
    await second.refold.runtime.wake(run.id)
    await turns()
    expect(await second.refold.run(run.id).state()).toMatchObject({
      waitsFor: 'resume',
      state: 'acting',
      toolCalls: [{ state: 'checking' }],
    })
  })
})

describe('a process that closes', () => {
  const hangs = { scripted: { isFree: true as const, call: () => new Promise<never>(() => undefined) } }
  const closed = async (world: World): Promise<void> => {
    const closing = world.refold.close({ graceMs: 1_000 })
    world.clock.advance(1_000)
    await turns()
    world.clock.advance(2_000)
    await closing
  }

  test('lets a call go that it could not finish, and another one begins it without waiting for the lease', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const agent = payer(() => Promise.resolve('paid'))
    const first = openWorld({ agents: [agent], models: hangs, log, clock, owner: 'first/1/a' })
    const run = await first.refold.start('payer', { message: 'Pay.', runId: 'run-1' })
    await closed(first)
    const second = openWorld({ agents: [agent], models, log, clock, owner: 'second/2/bb' })
    const before = clock.now()
    await second.refold.runtime.wake(run.id)
    await settle(second, second.refold.run(run.id))
    expect(clock.now() - before).toBeLessThan(10_000)
    const claims = (await eventsOf(second, run.id)).flatMap((event) => (event.type === 'ModelCallRequested' ? [event.data] : []))
    expect(claims.slice(0, 3).map(({ owner, attempt }) => [owner, attempt])).toEqual([
      ['first/1/a', 1],
      ['nobody', 2],
      ['second/2/bb', 3],
    ])
    expect((await second.refold.run(run.id).verify()).ok).toBe(true)
  })

  test('keeps the lease of a `once` call, which may still happen', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const agent = payer(() => new Promise<never>(() => undefined))
    const first = openWorld({ agents: [agent], models, log, clock, owner: 'first/1/a' })
    const run = await first.refold.start('payer', { message: 'Pay.', runId: 'run-1' })
    await turns()
    await closed(first)
    expect((await typesOf(first, run.id)).at(-1)).toBe('ToolCallRequested')
    const second = openWorld({ agents: [agent], models, log, clock, owner: 'second/2/bb' })
    await second.refold.runtime.wake(run.id)
    expect((await typesOf(second, run.id)).at(-1)).toBe('ToolCallRequested')
  })

  test('ends though the log is away', async () => {
    const clock = manualClock()
    let isAway = false
    const log = troubledLog(memoryEventLog({ clock }), { onAppend: () => (isAway ? () => new Promise<never>(() => undefined) : undefined) })
    const world = openWorld({ agents: [payer(() => Promise.resolve('paid'))], models: hangs, log, clock })
    const run = await world.refold.start('payer', { message: 'Pay.' })
    isAway = true
    await closed(world)
    expect(run.id).not.toBe('')
  })
})
