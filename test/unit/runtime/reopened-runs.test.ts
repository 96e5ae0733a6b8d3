import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { createProjector } from '../../../src/consumers/projector.ts'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { parentOf } from '../../support/parent-charts.ts'
import { eventsOf, openWorld, settle, type World } from '../../support/world.ts'

const intent = (_: unknown, _params: Record<string, unknown>): void => undefined

let charged: string[] = []
const charge = defineTool({
  name: 'charge',
  description: 'Charges',
  input: z.object({}),
  output: z.string(),
  effect: 'once',
  execute: (_, { idempotencyKey }) => Promise.resolve(`charge ${charged.push(idempotencyKey)}`),
  lookup: (key) => Promise.resolve(charged.includes(key) ? { found: 'succeeded', output: 'charge 1' } : { found: 'nothing' }),
})

/** Asks a person, waits a day, charges; cannot take in the result until it is repaired. */
const chart = (isRepaired: boolean) =>
  setup({
    types: { context: {} as { sum: string }, events: {} as ChartEvent },
    actions: {
      callTool: intent,
      askApproval: intent,
      note: assign(() => {
        if (!isRepaired) throw new Error('the sum fell over')
        return { sum: 'noted' }
      }),
    },
    delays: { aDay: 86_400_000 },
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
            after: { aDay: 'late' },
          },
          granted: { type: 'final' },
          late: { type: 'final' },
        },
      },
      charging: {
        initial: 'begun',
        states: {
          begun: {
            entry: { type: 'callTool', params: () => ({ tool: 'charge', input: {} }) },
            on: { ToolCallSucceeded: { actions: 'note', target: 'done' } },
          },
          done: { type: 'final' },
        },
      },
    },
  })

const agent = (isRepaired: boolean) => defineAgent({ name: 'fragile', version: '1', chart: chart(isRepaired), tools: [charge] })

const quiet = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await nextTurn()
}

const rowOf = async (world: World, runId: string) => {
  const views = memoryViewStore()
  await createProjector({ log: world.log, views }).catchUp()
  return { row: await views.get(runId), approvals: (await views.query('approvals', { run: runId, limit: 10 }, 0)).rows }
}

const failedRun = async () => {
  charged = []
  const world = openWorld({ agents: [agent(false)] })
  const run = await world.refold.start('fragile', { runId: 'one' })
  await quiet()
  return { world, run }
}

describe('a run that a defect of its chart has failed', () => {
  test('says so, and can be reopened once the code is repaired: it goes on where it stood, and nothing is done twice', async () => {
    const { world, run } = await failedRun()
    expect(await run.state()).toMatchObject({ status: 'failed', reason: expect.stringContaining('the sum fell over') as string })
    expect((await rowOf(world, 'one')).approvals).toMatchObject([{ decision: 'withdrawn' }])

    const repaired = openWorld({ agents: [agent(true)], log: world.log, clock: world.clock, owner: 'here/2/b' })
    const again = repaired.refold.run('one')
    await again.reopen({ by: 'ops', note: 'sum repaired' })
    await quiet()
    const { row, approvals } = await rowOf(repaired, 'one')
    expect(row).toMatchObject({ status: 'active', reason: null, waitsFor: 'approval' })
    expect(row?.problem).toBeUndefined()
    expect(approvals).toMatchObject([{ decision: 'open' }])
    const { approvals: asked } = await again.state()
    await again.approve(asked[0]!.callId, { by: 'ann' })
    expect((await settle(repaired, again)).status).toBe('completed')
    expect(charged).toHaveLength(1)
    expect((await again.verify()).ok).toBe(true)
    expect((await rowOf(repaired, 'one')).row).toMatchObject({ status: 'completed' })
    expect((await eventsOf(repaired, 'one')).map(({ type }) => type)).toContain('RunReopened')
  })

  test('in the process that failed it does nothing twice either', async () => {
    const { world, run } = await failedRun()
    await run.reopen({ by: 'ops' })
    for (let turn = 0; turn < 20; turn++) {
      await quiet()
      world.clock.advance(1_000)
    }
    expect(charged).toHaveLength(1)
    expect(await run.state()).toMatchObject({ status: 'failed' })
    expect((await run.verify()).ok).toBe(true)
  })

  test('is followed beyond its failure by whoever asks for its events or its result', async () => {
    const { world } = await failedRun()
    const repaired = openWorld({ agents: [agent(true)], log: world.log, clock: world.clock, owner: 'here/2/b' })
    const again = repaired.refold.run('one')
    await again.reopen({ by: 'ops' })
    await quiet()
    await again.cancel({ by: 'ops', reason: 'enough' })
    const types: string[] = []
    for await (const { type } of again.events()) types.push(type)
    expect(types.slice(-1)).toEqual(['RunCancelled'])
    expect(types).toContain('RunReopened')
    await expect(again.result()).rejects.toThrow('was cancelled without a result: enough')
  })
})

describe('a run below another that a defect of its chart has failed', () => {
  const parent = parentOf([{ agent: 'fragile', key: 'a' }])
  const failedBelow = async () => {
    charged = []
    const world = openWorld({ agents: [parent, agent(false)] })
    await world.refold.start('parent', { runId: 'one' })
    await quiet()
    const repaired = openWorld({ agents: [parent, agent(true)], log: world.log, clock: world.clock, owner: 'here/2/b' })
    const [child] = (await eventsOf(world, 'one')).flatMap((event) => (event.type === 'ChildRunRequested' ? [event.data.childRunId] : []))
    return { repaired, child: repaired.refold.run(child ?? '') }
  }

  test('is not reopened once the one that asked for it has gone on without it: that says why', async () => {
    const { repaired, child } = await failedBelow()
    expect(await child.state()).toMatchObject({ status: 'failed' })
    expect(await repaired.refold.run('one').state()).toMatchObject({ status: 'failed' })
    await expect(child.reopen({ by: 'ops' })).rejects.toMatchObject({
      code: 'NotPossible',
      message: expect.stringMatching(/cannot be reopened: one has failed/) as string,
    })
    expect(await child.state()).toMatchObject({ status: 'failed' })
  })
})

describe('a run that ended otherwise', () => {
  test.each(['cancel', 'fail'] as const)('by %s cannot be reopened', async (ending) => {
    const talk = setup({ types: { events: {} as ChartEvent } }).createMachine({
      id: 'talk',
      initial: 'waiting',
      states: { waiting: { tags: ['human', 'message'], on: { RunFailed: 'failed' } }, failed: { type: 'final', tags: 'failed' } },
    })
    const world = openWorld({ agents: [defineAgent({ name: 'talk', version: '1', chart: talk })] })
    const run = await world.refold.start('talk')
    await expect(run.reopen({ by: 'ops' })).rejects.toMatchObject({ code: 'NotPossible' })
    await run[ending]({ by: 'ops', reason: 'enough' })
    await expect(run.reopen({ by: 'ops' })).rejects.toMatchObject({ code: 'NotPossible' })
  })
})
