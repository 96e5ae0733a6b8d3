import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { createProjector } from '../../../src/consumers/projector.ts'
import { AppError } from '../../../src/errors.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import type { AgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent, type Agent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { eventsOf, manualClock, openWorld, settle, type ManualClock } from '../../support/world.ts'

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await nextTurn()
}

const transfer = (changed: Partial<Parameters<typeof defineTool>[0]> = {}, executed: unknown[] = []) =>
  defineTool({
    name: 'transfer',
    description: 'Transfers money.',
    input: z.object({ amount: z.number() }),
    output: z.string(),
    effect: 'once',
    approval: () => true,
    execute: (input) => Promise.resolve(`transfer ${executed.push(input)}`),
    ...changed,
  })

const bank = (version: string, changed: Partial<AgentOptions<string>> = {}): Agent =>
  defineAgent({ name: 'bank', version, instructions: 'Transfer.', models: ['scripted/m'], tools: [transfer()], ...changed })

const asking = () => ({ scripted: scriptedModel([toolCalls([{ name: 'transfer', arguments: { amount: 5 } }]), answer('Done.')]) })
const answering = () => ({ scripted: scriptedModel([answer('Done.'), answer('Anything else?')]) })

const world = (agents: readonly Agent[], log: EventLog, clock: ManualClock, owner = 'here/1/a') =>
  openWorld({ agents, log, clock, owner, models: owner === 'here/1/a' ? asking() : answering() })

const waitingForApproval = async () => {
  const clock = manualClock()
  const log = memoryEventLog({ clock })
  const first = world([bank('1')], log, clock)
  const run = await first.refold.start('bank', { runId: 'run-1', message: 'Transfer 5' })
  await settle(first, run)
  return { clock, log }
}

const blocking = { action: [{ name: 'no-money', check: () => ({ verdict: 'block' as const, reason: 'no money moves' }) }] }

describe('a run of the standard chart with a call that waits for an approval', () => {
  test('moves with its conversation, and the tool of the new version executes what is granted', async () => {
    const { clock, log } = await waitingForApproval()
    const executed: unknown[] = []
    const second = world([bank('2', { instructions: 'Transfer politely.', tools: [transfer({}, executed)] })], log, clock, 'here/2/bb')
    const run = second.refold.run('run-1')
    await run.move({ to: '2', by: 'ada' })
    const { approvals } = await run.state()
    await run.approve(approvals[0]!.callId, { by: 'ada', digest: approvals[0]!.digest })
    expect(await settle(second, run)).toMatchObject({ agent: 'bank@2', state: 'awaitingMessage' })
    expect(executed).toEqual([{ amount: 5 }])
    const prompts = (await eventsOf(second, 'run-1')).flatMap((event) =>
      event.type === 'ModelCallRequested' ? [event.data.promptHash] : [],
    )
    expect(new Set(prompts).size).toBe(2)
    expect(await second.blobs.get(prompts.at(-1)!)).toContain('politely')
    expect(await run.verify()).toMatchObject({ ok: true })
  })

  test.each<[string, Partial<AgentOptions<string>>, object]>([
    ['has no such tool', { tools: [] }, { what: 'call', found: 'the tools (none)' }],
    [
      'takes other input',
      { tools: [transfer({ input: z.object({ amount: z.number().max(3) }) })] },
      { what: 'call', found: expect.stringContaining('takes no longer what was checked before') as string },
    ],
    ['blocks it', { guardrails: blocking }, { what: 'call', found: expect.stringContaining('no money moves') as string }],
    [
      'checks what comes in, which the run was started without',
      { guardrails: { input: [{ name: 'polite', check: () => ({ verdict: 'allow' as const }) }] } },
      { what: 'settings', expected: 'checksInput false, as it was started with', found: 'true' },
    ],
    ['hands over', { tools: [transfer({ handsOver: true })] }, { what: 'settings', found: '["transfer"]' }],
    [
      'has a projection that fails at what has happened',
      {
        projections: [
          {
            name: 'sum',
            initial: () => 0,
            apply: () => {
              throw new Error('fell over')
            },
          },
        ],
      },
      { what: 'projection', found: expect.stringContaining('fell over') as string },
    ],
  ])('is refused by a version that %s', async (_, changed, difference) => {
    const { clock, log } = await waitingForApproval()
    const second = world([bank('2', changed)], log, clock, 'here/2/bb')
    const before = await eventsOf(second, 'run-1')
    const check = await second.refold.run('run-1').checkMove('2')
    expect(check).toMatchObject({ ok: false, differences: [difference] })
    await expect(second.refold.run('run-1').move({ to: '2', by: 'ada' })).rejects.toMatchObject({ code: 'NotPossible' })
    expect(await eventsOf(second, 'run-1')).toEqual(before)
  })

  test.each<[string, Partial<AgentOptions<string>>, string]>([
    ['has no such tool', { tools: [] }, 'unknownTool'],
    ['takes other input', { tools: [transfer({ input: z.object({ amount: z.number().max(3) }) })] }, 'invalidArguments'],
    ['blocks it', { guardrails: blocking }, 'guardrail'],
  ])('that is paused before its call was checked moves to a version that %s, which checks it', async (_, changed, reason) => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const asked = Promise.withResolvers<undefined>()
    const { scripted } = asking()
    const late: typeof scripted = { ...scripted, call: (...request) => asked.promise.then(() => scripted.call(...request)) }
    const first = openWorld({ agents: [bank('1')], log, clock, models: { scripted: late } })
    const run = await first.refold.start('bank', { runId: 'run-1', message: 'Transfer 5' })
    await run.pause({ by: 'ada' })
    asked.resolve(undefined)
    await settle(first, run)
    const second = world([bank('2', changed)], log, clock, 'here/2/bb')
    const moved = second.refold.run('run-1')
    await moved.move({ to: '2', by: 'ada' })
    await moved.resume({ by: 'ada' })
    expect(await settle(second, moved)).toMatchObject({ agent: 'bank@2', state: 'awaitingMessage' })
    const rejected = (await eventsOf(second, 'run-1')).flatMap(({ type, data }) => (type === 'ToolCallRejected' ? [data.reason] : []))
    expect(rejected).toEqual([reason])
    expect(await moved.verify()).toMatchObject({ ok: true })
  })

  test('keeps the settings that it was started with, and is told which', async () => {
    const { clock, log } = await waitingForApproval()
    const changed = bank('2', { models: ['scripted/other'], limits: { tokens: 5 } })
    expect(await world([changed], log, clock, 'here/2/bb').refold.run('run-1').checkMove('2')).toMatchObject({
      ok: true,
      keeps: ['models', 'limits'],
    })
  })

  test('ends the same, at whatever append of its move a process ends', async () => {
    for (let survives = 0; survives < 6; survives++) {
      const { clock, log } = await waitingForApproval()
      let appends = 0
      const failing: EventLog = {
        ...log,
        append: (...given) => (++appends > survives ? new Promise(() => undefined) : log.append(...given)),
      }
      const executed: unknown[] = []
      const agents = [bank('1'), bank('2', { tools: [transfer({}, executed)] })]
      const dying = world(agents, failing, clock, 'here/2/bb').refold.run('run-1')
      void (async () => {
        await dying.move({ to: '2', by: 'ada' })
        await dying.approve((await dying.state()).approvals[0]!.callId, { by: 'ada' })
      })().catch(() => undefined)
      await turns()
      const third = openWorld({ agents, log, clock, owner: 'here/3/ccc', ownerIsGone: () => true, models: answering() })
      const run = third.refold.run('run-1')
      await run.move({ to: '2', by: 'ada' })
      await third.refold.runtime.wake('run-1')
      const [asked] = (await settle(third, run)).approvals
      if (asked !== undefined) await run.approve(asked.callId, { by: 'ada' })
      const settled = await settle(third, run)
      expect(settled.agent).toBe('bank@2')
      expect(executed.length).toBeLessThanOrEqual(1)
      expect((await eventsOf(third, 'run-1')).filter(({ type }) => type === 'RunMoved')).toHaveLength(1)
      expect((await run.verify()).ok).toBe(true)
    }
  })

  test('is told that it is moved, also where the log cannot be read behind that', async () => {
    const { clock, log } = await waitingForApproval()
    let isAway = false
    const failing: EventLog = {
      ...log,
      async append(...given) {
        const appended = await log.append(...given)
        isAway = true
        return appended
      },
      readStream: (...given) => {
        if (isAway) throw new AppError('EventLogUnavailable', 'away', { retryable: true })
        return log.readStream(...given)
      },
    }
    const moved = world([bank('1'), bank('2')], failing, clock, 'here/2/bb').refold
    const state = await moved.runtime.command('run-1', { type: 'move', by: 'ada', to: '2' })
    expect(state).toMatchObject({ started: { agentVersion: '2' } })
    expect((await eventsOf({ log }, 'run-1')).at(-1)?.meta).not.toHaveProperty('commandId')
  })

  test('is moved once, whoever else appends meanwhile, and goes on in a process that had it in memory', async () => {
    const { clock, log } = await waitingForApproval()
    const agents = [bank('1'), bank('2')]
    const here = world(agents, log, clock, 'here/2/bb')
    const there = world(agents, log, clock, 'here/3/ccc')
    await here.refold.run('run-1').state()
    await there.refold.run('run-1').state()
    const moves = [here, there, here].map(({ refold }) => refold.run('run-1').move({ to: '2', by: 'ada' }))
    await Promise.all([...moves, there.refold.run('run-1').send({ message: 'and hurry' })])
    const [asked] = (await there.refold.run('run-1').state()).approvals
    await there.refold.run('run-1').approve(asked!.callId, { by: 'ada' })
    expect(await settle(there, here.refold.run('run-1'))).toMatchObject({ agent: 'bank@2' })
    expect((await eventsOf(here, 'run-1')).filter(({ type }) => type === 'RunMoved')).toHaveLength(1)
    expect((await here.refold.run('run-1').verify()).ok).toBe(true)
  })
})

describe('a run of which something is under way', () => {
  const hanging = () => transfer({ approval: () => false, execute: () => new Promise(() => undefined), effect: 'idempotent' })

  test('is not moved before that has ended, or its owner is gone; then it goes on with the new version', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const agents = [bank('2', { tools: [transfer({ approval: () => false, effect: 'idempotent' })] }), bank('1', { tools: [hanging()] })]
    const first = world(agents, log, clock)
    const run = await first.refold.start('bank', { runId: 'run-1', message: 'Transfer 5' })
    await turns()
    const busy = { code: 'NotPossible', retryable: true, message: expect.stringContaining('which here/1/a performs') as string }
    await expect(run.move({ to: '2', by: 'ada' })).rejects.toMatchObject(busy)
    const second = openWorld({ agents, log, clock, owner: 'here/2/bb', ownerIsGone: (owner) => owner === 'here/1/a', models: answering() })
    const there = second.refold.run('run-1')
    await there.move({ to: '2', by: 'ada' })
    expect(await settle(second, there)).toMatchObject({ agent: 'bank@2', state: 'awaitingMessage' })
    expect((await there.verify()).ok).toBe(true)
  })
})

const intent = (_: unknown, _params: Record<string, unknown>): void => undefined

/** Asks a person and charges; the first version cannot take in what the charge brings. */
const fragile = (version: string): Agent =>
  defineAgent({
    name: 'fragile',
    version,
    chart: setup({
      types: { context: {} as { sum: string }, events: {} as ChartEvent },
      actions: {
        callTool: intent,
        askApproval: intent,
        note:
          version === '1'
            ? assign(() => {
                throw new Error('the sum fell over')
              })
            : assign({ sum: 'noted' }),
      },
    }).createMachine({
      id: 'fragile',
      context: () => ({ sum: '' }),
      type: 'parallel',
      states: {
        asking: {
          initial: 'waiting',
          states: {
            waiting: {
              tags: 'human',
              entry: { type: 'askApproval', params: () => ({ question: 'Really?' }) },
              on: { ApprovalGranted: 'granted' },
            },
            granted: { type: 'final' },
          },
        },
        charging: {
          initial: 'begun',
          states: {
            begun: {
              entry: { type: 'callTool', params: () => ({ tool: 'transfer', input: { amount: 1 } }) },
              on: { ToolCallSucceeded: { actions: 'note', target: 'done' } },
            },
            done: { type: 'final' },
          },
        },
      },
    }),
    tools: [
      transfer({
        approval: () => false,
        lookup: () => Promise.resolve({ found: 'succeeded', output: 'transfer 1' }),
      }),
    ],
  })

/** Charges at its first message; the first version cannot take in what that brings. */
const counting = (version: string): Agent =>
  defineAgent({
    name: 'counting',
    version,
    chart: setup({
      types: { context: {} as { sum: string }, events: {} as ChartEvent },
      actions: {
        callTool: intent,
        note: assign(() => {
          if (version === '1') throw new Error('the sum fell over')
          return { sum: version }
        }),
      },
    }).createMachine({
      id: 'counting',
      context: () => ({ sum: '' }),
      initial: 'waiting',
      states: {
        waiting: { tags: ['human', 'message'], on: { MessageReceived: 'charging' } },
        charging: {
          entry: { type: 'callTool', params: () => ({ tool: 'transfer', input: { amount: 1 } }) },
          on: { ToolCallSucceeded: { actions: 'note', target: 'counted' } },
        },
        counted: { tags: 'human' },
      },
    }),
    tools: [transfer({ approval: () => false, lookup: () => Promise.resolve({ found: 'succeeded', output: 'transfer 1' }) })],
  })

describe('a run that a defect of its chart has failed', () => {
  test('is moved to the version where that is repaired, and reopened: it goes on where it stood', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const first = openWorld({ agents: [fragile('1')], log, clock })
    await first.refold.start('fragile', { runId: 'run-1' })
    await turns()
    expect(await first.refold.run('run-1').state()).toMatchObject({ status: 'failed' })
    const second = openWorld({ agents: [fragile('1'), fragile('2')], log, clock, owner: 'here/2/bb' })
    const run = second.refold.run('run-1')
    await run.move({ to: '2', by: 'ada' })
    expect(await run.state()).toMatchObject({ agent: 'fragile@2', status: 'failed' })
    const types: string[] = []
    for await (const { type } of run.events()) types.push(type)
    expect(types.at(-1)).toBe('RunMoved')
    await run.reopen({ by: 'ada' })
    await turns()
    const views = memoryViewStore()
    await createProjector({ log, views }).catchUp()
    expect(await views.get('run-1')).toMatchObject({ status: 'active', agentVersion: '2', waitsFor: 'approval' })
    const { approvals } = await run.state()
    const digests = (await eventsOf(second, 'run-1')).flatMap((event) => (event.type === 'ApprovalRequested' ? [event.data.digest] : []))
    expect(new Set(digests).size).toBe(2)
    expect(approvals).toMatchObject([{ digest: digests.at(-1) }])
    await run.approve(approvals[0]!.callId, { by: 'ada' })
    expect(await settle(second, run)).toMatchObject({ status: 'completed' })
    expect(await run.verify()).toMatchObject({ ok: true })
  })

  test('of which the time until it is reopened counts for nothing', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const first = openWorld({ agents: [counting('1')], log, clock })
    await first.refold.start('counting', { runId: 'run-1', message: 'Go' })
    await turns()
    const second = openWorld({ agents: [counting('1'), counting('2')], log, clock, owner: 'here/2/bb' })
    const run = second.refold.run('run-1')
    clock.advance(60_000)
    await run.move({ to: '2', by: 'ada' })
    clock.advance(60_000)
    await run.reopen({ by: 'ada' })
    await second.refold.runtime.wake('run-1')
    await turns()
    expect(await run.state()).toMatchObject({ state: 'counted', spent: { wallTimeMs: 0 } })
  })
})

describe('a run whose code was changed under its version', () => {
  const waitingFor = (isSmall: (args: { context: { amount: number } }) => boolean): Agent =>
    defineAgent({
      name: 'waiting',
      version: '1',
      chart: setup({ types: { context: {} as { amount: number }, events: {} as ChartEvent }, guards: { isSmall } }).createMachine({
        id: 'waiting',
        context: () => ({ amount: 500 }),
        initial: 'waiting',
        states: {
          waiting: {
            tags: ['human', 'message'],
            on: { MessageReceived: [{ guard: 'isSmall', target: 'small' }, { target: 'large' }] },
          },
          large: { tags: 'human' },
          small: { tags: 'human' },
        },
      }),
    })

  test('moves to the code that the version has by now, once; where that explains all of it', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const was = [waitingFor(({ context }) => context.amount < 100)]
    const is = [waitingFor(({ context }) => context.amount < 1_000)]
    const first = openWorld({ agents: was, log, clock })
    await first.refold.start('waiting', { runId: 'early' })
    await (await first.refold.start('waiting', { runId: 'late' })).send({ message: 'now' })
    const second = openWorld({ agents: is, log, clock, owner: 'here/2/bb' })
    await expect(second.refold.run('early').send({ message: 'now' })).rejects.toMatchObject({ code: 'ChartChanged' })
    await second.refold.run('early').move({ to: '1', by: 'ada' })
    await second.refold.run('early').move({ to: '1', by: 'ada' })
    await second.refold.run('early').send({ message: 'now' })
    expect(await second.refold.run('early').state()).toMatchObject({ state: 'small', revision: 2 })
    await expect(second.refold.run('late').move({ to: '1', by: 'ada' })).rejects.toMatchObject({
      code: 'NotPossible',
      details: { differences: [{ what: 'state', revision: 1, expected: 'large', found: 'small' }] },
    })
    await expect(first.refold.run('early').send({ message: 'again' })).rejects.toMatchObject({ code: 'ChartChanged' })
  })
})
