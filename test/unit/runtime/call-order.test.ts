import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineProjection } from '../../../src/projections/projection.ts'
import type { AgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { ToolFailure, type ToolOptions } from '../../../src/tools/tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

type Options = Partial<ToolOptions<{ id: string }, unknown>>

const cancelled = defineProjection<readonly string[]>({
  name: 'cancelled',
  initial: () => [],
  apply: (ids, event) => (event.type === 'ToolCallSucceeded' ? [...ids, JSON.stringify(event.data.output)] : ids),
})

interface Begun {
  readonly id: string
  finish(output: unknown): void
  fail(error: Error): void
}

/** A desk whose tools end when they are told to, in the hands of a model that asks for these calls in one answer. */
const desk = async (
  calls: readonly (readonly [tool: string, id: string])[],
  options: Partial<AgentOptions<string>> = {},
  tool: Options = {},
) => {
  const begun: Begun[] = []
  const toolNamed = (name: string, effect: 'read' | 'idempotent' | 'once') =>
    defineTool<{ id: string }, unknown>({
      name,
      description: name,
      input: z.object({ id: z.string() }),
      output: z.unknown(),
      effect,
      retry: { attempts: 1 },
      timeoutMs: 1_000_000,
      execute: ({ id }) =>
        new Promise((resolve, reject) => {
          begun.push({ id: `${name} ${id}`, finish: resolve, fail: reject })
        }),
      ...tool,
    })
  const agent = defineAgent({
    name: 'desk',
    version: '1',
    instructions: '',
    models: ['scripted/one'],
    tools: [toolNamed('look', 'read'), toolNamed('note', 'idempotent'), toolNamed('cancel', 'once')],
    projections: [cancelled],
    ...options,
  })
  const asked = toolCalls(calls.map(([name, id]) => ({ name, arguments: { id } })))
  const world = openWorld({ agents: [agent], models: { scripted: scriptedModel([asked, answer('Done.')]) } })
  const run = await world.refold.start('desk', { message: 'Go' })
  const happen = async (): Promise<readonly string[]> => {
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))
    return begun.map(({ id }) => id)
  }
  const finish = async (id: string, output: unknown = id): Promise<readonly string[]> => {
    begun
      .splice(
        begun.findIndex((one) => one.id === id),
        1,
      )[0]
      ?.finish(output)
    return happen()
  }
  return { world, run, begun, happen, finish, events: () => eventsOf(world, run.id) }
}

describe('calls of one answer', () => {
  test('that change something run one after the other, each on the state that the one before has left', async () => {
    const refunds: string[] = []
    const { happen, world, run } = await desk(
      [
        ['cancel', '21'],
        ['cancel', '21'],
      ],
      {},
      {
        projections: [cancelled],
        execute: ({ id }, context) => {
          if (context.projection(cancelled).length > 0) return Promise.resolve(`${id} is cancelled already`)
          refunds.push(id)
          return Promise.resolve(`refunded ${id}`)
        },
      },
    )
    await happen()
    expect((await settle(world, run)).answer).toBe('Done.')
    expect(refunds).toEqual(['21'])
  })

  test('are looked at in the order of the answer: reads side by side, whatever comes after a change behind it', async () => {
    const { happen, finish, world, run } = await desk([
      ['look', '1'],
      ['look', '2'],
      ['note', '3'],
      ['look', '4'],
      ['cancel', '5'],
    ])
    expect(await happen()).toEqual(['look 1', 'look 2'])
    expect(await finish('look 2')).toEqual(['look 1'])
    expect(await finish('look 1')).toEqual(['note 3'])
    expect(await finish('note 3')).toEqual(['look 4'])
    expect(await finish('look 4')).toEqual(['cancel 5'])
    await finish('cancel 5')
    expect((await settle(world, run)).answer).toBe('Done.')
    expect((await run.verify()).ok).toBe(true)
  })

  test('wait only for those that touch the same, where their tools name it', async () => {
    const { happen, finish } = await desk(
      [
        ['cancel', '1'],
        ['cancel', '2'],
        ['cancel', '1'],
        ['look', '2'],
      ],
      {},
      { touches: ({ id }) => [`order ${id}`] },
    )
    expect(await happen()).toEqual(['cancel 1', 'cancel 2'])
    expect(await finish('cancel 2')).toEqual(['cancel 1', 'look 2'])
    expect(await finish('cancel 1')).toEqual(['look 2', 'cancel 1'])
  })

  test.each<[string, NonNullable<Options['touches']>]>([
    [
      'throws',
      () => {
        throw new Error('a defect')
      },
    ],
    ['gives no list', (() => 'order 1') as never],
    ['gives a promise', (() => Promise.resolve(['order 1'])) as never],
    ['gives something else than names', (() => [7]) as never],
  ])('wait for all where what says what they touch %s', async (_, touches) => {
    const { happen } = await desk(
      [
        ['cancel', '1'],
        ['cancel', '2'],
      ],
      {},
      { touches },
    )
    expect(await happen()).toEqual(['cancel 1'])
  })

  test('run side by side where the agent says so, but for those that touch the same', async () => {
    const all = await desk(
      [
        ['cancel', '1'],
        ['cancel', '1'],
      ],
      { toolCalls: 'parallel' },
    )
    expect(await all.happen()).toEqual(['cancel 1', 'cancel 1'])
    const named = await desk(
      [
        ['cancel', '1'],
        ['cancel', '1'],
        ['cancel', '2'],
      ],
      { toolCalls: 'parallel' },
      { touches: ({ id }) => [id] },
    )
    expect(await named.happen()).toEqual(['cancel 1', 'cancel 2'])
  })

  test('do not wait for one that is refused or has failed', async () => {
    const { happen, begun } = await desk([
      ['nonsense', '0'],
      ['note', '1'],
      ['cancel', '2'],
    ])
    expect(await happen()).toEqual(['note 1'])
    begun[0]?.fail(new ToolFailure('no', { happened: false }))
    expect(await happen()).toEqual(['note 1', 'cancel 2'])
  })
})

describe('a call behind one that waits for a person', () => {
  test('waits too, and the run waits for the person', async () => {
    const { happen, run, world, events } = await desk(
      [
        ['cancel', '1'],
        ['cancel', '2'],
      ],
      {},
      { approval: ({ id }) => id === '1' },
    )
    const view = await settle(world, run)
    expect(view.waitsFor).toBe('approval')
    expect(view.openEffects).toMatchObject([{ key: '3.1', status: 'parked', behind: '3.0' }])
    expect((await events()).map(({ type }) => type)).toContain('ToolCallQueued')
    await run.approve('3.0', { by: 'dana' })
    expect(await happen()).toEqual(['cancel 1'])
  })

  test('goes on when the person refuses', async () => {
    const { happen, run } = await desk(
      [
        ['cancel', '1'],
        ['cancel', '2'],
      ],
      {},
      { approval: ({ id }) => id === '1' },
    )
    expect(await happen()).toEqual([])
    await run.deny('3.0', { by: 'dana', reason: 'no' })
    expect(await happen()).toEqual(['cancel 2'])
  })

  test('is asked about at once, and waits for its turn when it was granted', async () => {
    const { happen, finish, run, world } = await desk(
      [
        ['cancel', '1'],
        ['cancel', '2'],
      ],
      {},
      { approval: true },
    )
    expect((await settle(world, run)).approvals.map(({ callId }) => callId)).toEqual(['3.0', '3.1'])
    await run.approve('3.1', { by: 'dana' })
    expect(await happen()).toEqual([])
    expect((await settle(world, run)).waitsFor).toBe('approval')
    await run.approve('3.0', { by: 'dana' })
    expect(await happen()).toEqual(['cancel 1'])
    expect(await finish('cancel 1')).toEqual(['cancel 2'])
  })

  test('waits while nobody knows what became of the first, and goes on when a person has said it', async () => {
    const { happen, begun, run, world } = await desk([
      ['cancel', '1'],
      ['cancel', '2'],
    ])
    await happen()
    begun[0]?.fail(new Error('socket hang up'))
    expect((await settle(world, run)).waitsFor).toBe('human')
    await run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: true, output: 'cancelled' } })
    expect(await happen()).toEqual(['cancel 1', 'cancel 2'])
  })

  test('is forgotten with the run that is cancelled', async () => {
    const { run, world } = await desk(
      [
        ['cancel', '1'],
        ['cancel', '2'],
      ],
      {},
      { approval: ({ id }) => id === '1' },
    )
    await settle(world, run)
    await run.cancel({ by: 'dana', reason: 'enough' })
    expect((await run.state()).openEffects).toEqual([])
    expect((await run.verify()).ok).toBe(true)
  })
})
