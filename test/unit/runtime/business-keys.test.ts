import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { AppError } from '../../../src/errors.ts'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import type { AgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { ToolFailure, type ToolOptions } from '../../../src/tools/tool.ts'
import { eventsOf, manualClock, openWorld, settle } from '../../support/world.ts'

interface Input {
  readonly order: number
  readonly note?: string | undefined
}
type Options = Partial<ToolOptions<Input, unknown>>

const intent = (_: unknown, _params?: Record<string, unknown>): void => undefined

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const input = z.object({ order: z.number(), note: z.string().optional() })

/** A till that writes down under which key it is asked to charge. */
const till = (options: Options) => {
  const keys: string[] = []
  const tool = defineTool<Input, unknown>({
    name: 'charge',
    description: 'Charges an order',
    input,
    output: z.unknown(),
    effect: 'once',
    retry: { attempts: 1 },
    idempotencyKey: ({ order }) => `order ${order}`,
    ...options,
    execute: (given, context) => {
      keys.push(context.idempotencyKey)
      return options.execute === undefined ? Promise.resolve({ receipt: keys.length }) : options.execute(given, context)
    },
  })
  return { keys, tool }
}

const named = ({ tool }: ReturnType<typeof till>, options: Partial<AgentOptions<string>> = {}) =>
  defineAgent({ name: 'clerk', version: '1', instructions: '', models: ['scripted/one'], tools: [tool], ...options })

/** A model that asks for these calls, those of one list in one answer. */
const asking = (answers: readonly (readonly Input[])[]) =>
  scriptedModel([
    ...answers.map((calls) =>
      toolCalls(
        calls.map((given) => ({
          name: 'charge',
          arguments: { order: given.order, ...(given.note === undefined ? {} : { note: given.note }) },
        })),
      ),
    ),
    answer('Done.'),
  ])

const charge = async (
  answers: readonly (readonly Input[])[],
  options: Options = {},
  more: { tenant?: string; log?: EventLog; agent?: Partial<AgentOptions<string>> } = {},
) => {
  const desk = till(options)
  const world = openWorld({
    agents: [named(desk, more.agent)],
    models: { scripted: asking(answers) },
    ...(more.log === undefined ? {} : { log: more.log }),
  })
  const start = { message: 'Charge', ...(more.tenant === undefined ? {} : { tenant: more.tenant }) }
  const run = await world.refold.start('clerk', start)
  const view = await settle(world, run)
  const told = () => run.state().then(({ transcript }) => transcript.filter(({ role }) => role === 'tool'))
  return { world, run, view, keys: desk.keys, told, events: () => eventsOf(world, run.id) }
}

const once = (times: number, thrown: unknown) => {
  let calls = 0
  return () => (++calls <= times ? Promise.reject(thrown as Error) : Promise.resolve('charged'))
}

describe('a tool that names the act of its calls', () => {
  test('does an act once when the model asks for it again, and the model is told the outcome of the first call', async () => {
    const { keys, told, events, run } = await charge([[{ order: 21 }], [{ order: 21, note: 'again' }], [{ order: 22 }]])
    expect(keys).toEqual(['charge:order 21', 'charge:order 22'])
    expect((await told())[1]).toMatchObject({
      isError: false,
      parts: [{ text: expect.stringMatching(/"receipt":1[^]*call 3\.0/) as string }],
    })
    const rejected = (await events()).find(({ type }) => type === 'ToolCallRejected')
    expect(rejected?.data).toMatchObject({ reason: 'repeated', repeats: '3.0', output: { receipt: 1 } })
    expect((await run.verify()).ok).toBe(true)
  })

  test.each<[string, Options, Partial<AgentOptions<string>>]>([
    ['in order', {}, {}],
    ['side by side', {}, { toolCalls: 'parallel' }],
    ['touching nothing', { touches: () => [] }, {}],
  ])('does an act once that one answer asks for twice (%s)', async (_, options, agent) => {
    const { keys, told } = await charge([[{ order: 21 }, { order: 21 }]], options, { agent })
    expect(keys).toEqual(['charge:order 21'])
    expect(await told()).toMatchObject([
      { isError: false },
      { isError: false, parts: [{ text: expect.stringContaining('"receipt":1') as string }] },
    ])
  })

  test('does it again under the same key where it certainly did not happen', async () => {
    const { keys, told } = await charge([[{ order: 21 }], [{ order: 21 }]], {
      execute: once(1, new ToolFailure('declined', { happened: false })),
    })
    expect(keys).toEqual(['charge:order 21', 'charge:order 21'])
    expect(await told()).toMatchObject([{ isError: true }, { isError: false, parts: [{ text: 'charged' }] }])
  })

  test('lets a second call wait while nobody knows what became of the first, and gives it what a person says', async () => {
    const { keys, told, run, view, world } = await charge(
      [[{ order: 21 }, { order: 21 }]],
      { execute: once(1, new Error('socket hang up')) },
      { agent: { toolCalls: 'parallel' } },
    )
    expect(view.waitsFor).toBe('human')
    await run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: true, output: 'seen' } })
    await settle(world, run)
    expect(keys).toEqual(['charge:order 21'])
    expect((await told())[1]).toMatchObject({ isError: false, parts: [{ text: expect.stringContaining('seen') as string }] })
  })

  test('is known by the same key in another run of the tenant, and by another one to other tenants', async () => {
    const keys = await Promise.all(
      ['acme', 'acme', 'x:y/z'].map(async (tenant) => (await charge([[{ order: 1 }]], {}, { tenant })).keys[0]),
    )
    expect(keys).toEqual(['acme/charge:order 1', 'acme/charge:order 1', 'x%3Ay%2Fz/charge:order 1'])
  })

  test('keeps its key over all attempts', async () => {
    const { keys } = await charge([[{ order: 21 }]], {
      effect: 'idempotent',
      retry: { attempts: 3 },
      execute: once(2, new ToolFailure('502', { retryable: true })),
    })
    expect(new Set(keys)).toEqual(new Set(['charge:order 21']))
    expect(keys).toHaveLength(3)
  })

  test('is asked for an approval of an act only until it is done', async () => {
    const { run, world, keys } = await charge([[{ order: 21 }], [{ order: 21 }]], { approval: true })
    await run.approve('3.0', { by: 'dana' })
    expect((await settle(world, run)).status).not.toBe('failed')
    expect((await run.state()).approvals).toEqual([])
    expect(keys).toHaveLength(1)
  })

  test('gives a large outcome by naming the call that has it', async () => {
    const { told } = await charge([[{ order: 21 }], [{ order: 21 }]], { execute: () => Promise.resolve('x'.repeat(5_000)) })
    expect((await told())[1]).toMatchObject({
      isError: false,
      parts: [{ text: expect.stringContaining('in the answer of 3.0') as string }],
    })
  })

  test.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('a defect')
      },
    ],
    ['gives a promise', () => Promise.resolve('order 1')],
    ['gives a number', () => 21],
    ['gives nothing', () => undefined],
    ['gives an empty text', () => ' '],
    ['gives a text that is too long', () => 'x'.repeat(201)],
    ['gives control characters', () => 'order\n21'],
    ['gives half a character', () => '\ud800'],
  ])('does nothing where the function %s', async (_, idempotencyKey) => {
    const { keys, told } = await charge([[{ order: 21 }]], { idempotencyKey: idempotencyKey as never, approval: true })
    expect(keys).toEqual([])
    expect(await told()).toMatchObject([{ isError: true, parts: [{ text: 'charge could not tell which act this is: nothing was done.' }] }])
  })

  test.each<[string, Options]>([
    ['a tool that only reads', { effect: 'read' }],
    ['a key that is no function', { idempotencyKey: 'order' as never }],
  ])('cannot be defined with %s', (_, options) => {
    expect(() => till(options)).toThrow(AppError)
  })
})

describe('a call that repeats one of which nobody knows what became', () => {
  const plain = { idempotencyKey: undefined as never }

  test('has its key where its effect is `idempotent`, and a key of its own with another input or when it is known', async () => {
    const { keys } = await charge([[{ order: 21 }], [{ order: 22 }], [{ order: 21 }], [{ order: 21 }]], {
      ...plain,
      effect: 'idempotent',
      execute: once(1, new Error('socket hang up')),
    })
    expect(keys).toHaveLength(4)
    expect(keys[2]).toBe(keys[0])
    expect(new Set(keys).size).toBe(3)
  })

  test('does not say that the act did not happen where only this call did nothing', async () => {
    let calls = 0
    const { events } = await charge([[{ order: 21 }], [{ order: 21 }]], {
      ...plain,
      effect: 'idempotent',
      execute: () => Promise.reject(++calls === 1 ? new Error('socket hang up') : new ToolFailure('closed', { happened: false })),
    })
    const failed = (await events()).filter(({ type }) => type === 'ToolCallFailed')
    expect(failed.map(({ data }) => data)).toMatchObject([{ happened: 'unknown' }, { happened: 'unknown' }])
  })

  test('is refused where it is done once at most, until somebody has settled it', async () => {
    const desk = till({ ...plain, timeoutMs: 1_000_000, execute: () => new Promise(() => undefined) })
    const call = { type: 'callTool' as const, params: { tool: 'charge', input: { order: 21 } } }
    const ask = [{ type: 'abandon' as const, params: {} }, call]
    const chart = setup({ types: { events: {} as ChartEvent }, actions: { callTool: intent, abandon: intent } }).createMachine({
      id: 'impatient',
      initial: 'first',
      states: {
        first: { tags: 'human', entry: call, on: { MessageReceived: 'second' } },
        second: {
          tags: 'human',
          entry: ask,
          on: { MessageReceived: 'third', ToolCallRejected: '.told' },
          initial: 'open',
          states: { open: {}, told: {} },
        },
        third: { tags: 'human', entry: ask },
      },
    })
    const world = openWorld({ agents: [defineAgent({ name: 'impatient', version: '1', tools: [desk.tool], chart })] })
    const run = await world.refold.start('impatient')
    await turns()
    await run.send({ message: 'Again' })
    await turns()
    expect(desk.keys).toHaveLength(1)
    const rejected = (await eventsOf(world, run.id)).find(({ type }) => type === 'ToolCallRejected')
    expect(rejected?.data).toMatchObject({ reason: 'repeated', repeats: '0.0' })
    await run.settleToolCall('0.0', { by: 'dana', outcome: { succeeded: false, message: 'it did not' } })
    await run.send({ message: 'Again' })
    await turns()
    expect(desk.keys).toHaveLength(2)
    expect((await run.verify()).ok).toBe(true)
  })
})

describe('an act that is asked for twice', () => {
  test('is done once, at whatever append its process ends', async () => {
    for (let survives = 1; survives < 14; survives++) {
      const clock = manualClock()
      const log = memoryEventLog({ clock })
      let appends = 0
      const failing: EventLog = {
        ...log,
        append: (...given) => (++appends > survives ? new Promise(() => undefined) : log.append(...given)),
      }
      const desk = till({ effect: 'idempotent' })
      const agents = [named(desk)]
      const models = () => ({ scripted: asking([[{ order: 21 }, { order: 21 }]]) })
      const first = openWorld({ agents, models: models(), log: failing, clock })
      void first.refold.start('clerk', { runId: 'run-1', message: 'Charge' }).catch(() => undefined)
      await turns()
      const second = openWorld({ agents, models: models(), log, clock, owner: 'here/2/bb', ownerIsGone: () => true })
      const run = await second.refold.start('clerk', { runId: 'run-1', message: 'Charge' })
      await settle(second, run)
      expect(new Set(desk.keys)).toEqual(new Set(['charge:order 21']))
      const events = await eventsOf(second, run.id)
      expect(events.filter(({ type }) => type === 'ToolCallSucceeded').length).toBeLessThanOrEqual(1)
      expect((await run.verify()).ok).toBe(true)
    }
  })
})
