import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { streamOf } from '../../../src/events/codec.ts'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { defineAgent, type Agent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { given, started, type Stored } from '../../../src/testing/given.ts'
import { eventsOf, manualClock, openWorld, settle, type World } from '../../support/world.ts'

const intent = (_: unknown, _params: Record<string, unknown>): void => undefined

interface Claim {
  readonly amount: number
  readonly price: number
}

/** What a chart decides by, from outside of it: no hash of its own text can see it change. */
interface Rules {
  readonly largest: number
  readonly priceOf: (output: unknown) => number
}

const rules: Rules = { largest: 100, priceOf: Number }

const claimChart = ({ largest, priceOf }: Rules) =>
  setup({
    types: { context: {} as Claim, events: {} as ChartEvent, input: {} as { input: { amount: number } } },
    actions: { callTool: intent },
    guards: { isSmall: ({ context }) => context.amount <= largest },
  }).createMachine({
    id: 'claim',
    context: ({ input }) => ({ amount: input.input.amount, price: 0 }),
    initial: 'deciding',
    output: ({ context }) => context.price,
    states: {
      deciding: { always: [{ guard: 'isSmall', target: 'paying' }, { target: 'reviewing' }] },
      reviewing: { tags: ['human', 'message'], on: { MessageReceived: 'deciding' } },
      paying: {
        entry: { type: 'callTool', params: ({ context }) => ({ tool: 'pay', input: { amount: context.amount } }) },
        on: { ToolCallSucceeded: { target: 'paid', actions: assign({ price: ({ event }) => priceOf(event.output) }) } },
      },
      paid: { tags: 'human', on: { RunCompleted: 'done' } },
      done: { type: 'final' },
    },
  })

const claims = (paid: unknown[], changed: Partial<Rules> = {}): Agent =>
  defineAgent({
    name: 'claims',
    version: '1',
    chart: claimChart({ ...rules, ...changed }),
    probeInput: { amount: 1 },
    tools: [
      defineTool({
        name: 'pay',
        description: 'Pays.',
        input: z.object({ amount: z.number() }),
        output: z.number(),
        effect: 'once',
        execute: (input) => {
          paid.push(input)
          return Promise.resolve(input.amount)
        },
      }),
    ],
  })

/** A log that outlives its processes, each with code of its own. */
const shared = () => {
  const clock = manualClock()
  const log = memoryEventLog({ clock })
  const paid: unknown[] = []
  return { paid, opened: (changed?: Partial<Rules>): World => openWorld({ agents: [claims(paid, changed)], log, clock }) }
}

describe('a run whose code was changed under one version', () => {
  test('is refused by every command and look, and nothing is paid that the record does not say', async () => {
    const { paid, opened } = shared()
    const run = await opened().refold.start('claims', { input: { amount: 500 } })
    expect(await run.state()).toMatchObject({ state: 'reviewing' })
    const world = opened({ largest: 1_000 })
    const later = world.refold.run(run.id)
    const refused = {
      code: 'ChartChanged',
      message: expect.stringMatching(
        /recorded at revision 0 \(RunStarted\) as its state: reviewing. The code of claims@1 now says: paying/,
      ) as string,
      details: { runId: run.id, revision: 0, what: 'state', recorded: 'reviewing', found: 'paying', agent: 'claims@1' },
    }
    await expect(later.send({ message: 'and now?' })).rejects.toMatchObject(refused)
    await expect(world.refold.runtime.wake(run.id)).rejects.toMatchObject(refused)
    expect(paid).toEqual([])
    expect(await eventsOf(world, run.id)).toHaveLength(1)
  })

  test('goes on as it was recorded once its code is back', async () => {
    const { paid, opened } = shared()
    const run = await opened().refold.start('claims', { input: { amount: 500 } })
    await expect(opened({ largest: 1_000 }).refold.runtime.current(run.id)).rejects.toMatchObject({ code: 'ChartChanged' })
    const back = opened().refold.run(run.id)
    await back.send({ message: 'again' })
    expect(await back.state()).toMatchObject({ state: 'reviewing', revision: 1 })
    expect(paid).toEqual([])
  })

  test('hurts no other run, not even of the same agent', async () => {
    const { paid, opened } = shared()
    await opened().refold.start('claims', { input: { amount: 500 } })
    const world = opened({ largest: 1_000 })
    const fresh = await world.refold.start('claims', { runId: 'fresh', input: { amount: 500 } })
    expect(await settle(world, fresh)).toMatchObject({ state: 'paid' })
    expect(paid).toEqual([{ amount: 500 }])
  })

  test('is refused where a chart asks for something else at the same place, and where it throws at what it took before', async () => {
    const { opened } = shared()
    const first = opened()
    const run = await first.refold.start('claims', { input: { amount: 50 } })
    await settle(first, run)
    const throwing = opened({
      priceOf: () => {
        throw new Error('the sum fell over')
      },
    })
    await expect(throwing.refold.runtime.current(run.id)).rejects.toMatchObject({
      code: 'ChartChanged',
      message: expect.stringContaining('the sum fell over') as string,
      details: { what: 'event', recorded: 'ToolCallSucceeded' },
    })
    expect((await eventsOf(first, run.id)).at(-1)?.type).toBe('ToolCallSucceeded')
  })
})

describe('a run whose chart has other code than it began with', () => {
  const waitingFor = (isSmall: (args: { context: Claim }) => boolean): Agent =>
    defineAgent({
      name: 'waiting',
      version: '1',
      chart: setup({ types: { context: {} as Claim, events: {} as ChartEvent }, guards: { isSmall } }).createMachine({
        id: 'waiting',
        context: () => ({ amount: 500, price: 0 }),
        initial: 'waiting',
        states: {
          waiting: {
            tags: ['human', 'message'],
            on: { MessageReceived: [{ guard: 'isSmall', target: 'paid' }, { target: 'reviewing' }] },
          },
          reviewing: { tags: 'human' },
          paid: { type: 'final' },
        },
      }),
    })

  test('is refused before the change could lead it anywhere', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const first = openWorld({ agents: [waitingFor(({ context }) => context.amount < 100)], log, clock })
    await first.refold.start('waiting', { runId: 'run-1' })
    const changed = openWorld({ agents: [waitingFor(({ context }) => context.amount < 1_000)], log, clock })
    const run = changed.refold.run('run-1')
    const refused = { code: 'ChartChanged', message: expect.stringMatching(/other code of the chart of waiting@1/) as string }
    await expect(run.send({ message: 'pay' })).rejects.toMatchObject(refused)
    await expect(run.verify()).rejects.toMatchObject(refused)
    const renamed = openWorld({
      agents: [
        waitingFor(({ context: claim }) => {
          return claim.amount < 100
        }),
      ],
      log,
      clock,
    })
    expect(await renamed.refold.run('run-1').state()).toMatchObject({ state: 'waiting' })
  })

  test('of before that was recorded is held to what its events say, and no more', async () => {
    const clock = manualClock()
    const agent = waitingFor(({ context }) => context.amount < 100)
    const [{ texts }] = given(agent, started(agent)).stored as [Stored]
    const log = memoryEventLog({ clock })
    await log.append(streamOf('run-1'), 'no-stream', [{ ...texts, id: '00000000-0000-4000-8000-000000000000' }])
    const changed = openWorld({ agents: [waitingFor(({ context }) => context.amount < 1_000)], log, clock })
    expect(await changed.refold.run('run-1').state()).toMatchObject({ state: 'waiting' })
  })
})
