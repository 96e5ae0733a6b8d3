import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { ToolFailure, type Lookup, type ToolOptions } from '../../../src/tools/tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

type Options = Partial<ToolOptions<{ amount: number }, unknown>>

const payTool = (options: Options) =>
  defineTool<{ amount: number }, unknown>({
    name: 'pay',
    description: 'Moves money',
    input: z.object({ amount: z.number() }),
    output: z.unknown(),
    effect: 'once',
    timeoutMs: 1_000,
    execute: () => Promise.resolve('paid'),
    ...options,
  })

/** One call of a tool by a model that then says that it is done. */
const pay = async (options: Options) => {
  const agent = defineAgent({ name: 'teller', version: '1', instructions: '', models: ['scripted/one'], tools: [payTool(options)] })
  const model = scriptedModel([toolCalls([{ name: 'pay', arguments: { amount: 5 } }]), answer('Done.')])
  const world = openWorld({ agents: [agent], models: { scripted: model } })
  const run = await world.refold.start('teller', { message: 'Pay' })
  const view = await settle(world, run)
  const told = view.transcript.find(({ role }) => role === 'tool')
  const events = await eventsOf(world, run.id)
  return { world, run, view, told, events, types: events.map(({ type }) => type) }
}

const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

describe('a `once` call', () => {
  test.each([
    ['an Error', new Error('socket hang up')],
    ['a failure that may pass', new ToolFailure('502', { retryable: true })],
    ['a text', 'no'],
    ['nothing', undefined],
    ['a symbol', Symbol('no')],
    ['a revoked proxy', revoked()],
  ])('that throws %s after its request has left is not done again, but looked up', async (_, thrown) => {
    let charged = 0
    const { told, types } = await pay({
      execute: () => {
        charged += 1
        return Promise.reject(thrown)
      },
      lookup: () => Promise.resolve({ found: 'succeeded', output: 'paid 5' }),
    })
    expect(charged).toBe(1)
    expect(types).toContain('ToolCallUnresolved')
    expect(types).not.toContain('ToolCallFailed')
    expect(told).toMatchObject({ isError: false, parts: [{ text: 'paid 5' }] })
  })

  test('that throws each time before anything happens is tried as often as its tool says, with pauses, then the model is told', async () => {
    let began = 0
    const { told, types, world } = await pay({
      retry: { attempts: 3, baseDelayMs: 1_000, maxDelayMs: 1_000 },
      execute: () => {
        began += 1
        return Promise.reject(new Error('not authorised'))
      },
      lookup: () => Promise.resolve({ found: 'nothing' }),
    })
    expect(began).toBe(3)
    expect(types.filter((type) => type === 'ToolCallFailed')).toHaveLength(3)
    expect(world.clock.now()).toBe(1_700_000_001_000)
    expect(told).toMatchObject({ isError: true, parts: [{ text: 'pay never happened' }] })
  })

  test('that throws where no look-up knows more waits for a person', async () => {
    const { view, types } = await pay({ execute: () => Promise.reject(new Error('socket hang up')) })
    expect(types.slice(-2)).toEqual(['ToolCallUnresolved', 'RunEscalated'])
    expect(view.waitsFor).toBe('human')
  })

  test('that says that it did not happen has failed, and the model is told so', async () => {
    const { told, types } = await pay({ execute: () => Promise.reject(new ToolFailure('declined', { happened: false })) })
    expect(types).not.toContain('ToolCallUnresolved')
    expect(told).toMatchObject({ isError: true, parts: [{ text: 'declined' }] })
  })

  test('that says that it did not happen yet is tried again with the same key', async () => {
    const keys: string[] = []
    const { told } = await pay({
      execute: (_, { idempotencyKey, attempt }) => {
        keys.push(idempotencyKey)
        return attempt === 1
          ? Promise.reject(new ToolFailure('the bank is closed', { happened: false, retryable: true }))
          : Promise.resolve('paid')
      },
    })
    expect(told).toMatchObject({ isError: false, parts: [{ text: 'paid' }] })
    expect(keys).toHaveLength(2)
    expect(new Set(keys).size).toBe(1)
  })

  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  const receipt = z.object({ receipt: z.string() })

  test.each<[string, Options]>([
    ['does not fit its schema', { output: receipt, execute: () => Promise.resolve({ receipt: 7 }) }],
    ['is larger than it may be', { maxOutputBytes: 10, execute: () => Promise.resolve('x'.repeat(100)) }],
    ['is a cycle', { execute: () => Promise.resolve(cycle) }],
    ['is a BigInt', { execute: () => Promise.resolve(5n) }],
    [
      'throws when it is read',
      {
        execute: () =>
          Promise.resolve({
            get receipt() {
              throw new Error('lazy')
            },
          }),
      },
    ],
    [
      'is checked by a schema that throws',
      {
        output: z.unknown().transform(() => {
          throw new Error('a defect')
        }),
      },
    ],
    ['is nothing where something was promised', { output: receipt, execute: () => Promise.resolve(undefined) }],
  ])('whose answer %s has happened, and the model is told that its answer cannot be read', async (_, options) => {
    const { told, events } = await pay(options)
    expect(events.find(({ type }) => type === 'ToolCallSucceeded')?.data).toMatchObject({
      output: null,
      note: expect.stringContaining('It happened, but its answer cannot be read') as string,
    })
    expect(told).toMatchObject({ isError: false, parts: [{ text: expect.stringContaining('It happened') as string }] })
  })

  const never = () => new Promise<never>(() => undefined)

  test('that a look-up found done has happened, whatever the look-up brought', async () => {
    const { told, types } = await pay({
      output: receipt,
      execute: never,
      lookup: () => Promise.resolve({ found: 'succeeded', output: { receipt: 7 } }),
    })
    expect(types).not.toContain('ToolCallFailed')
    expect(told).toMatchObject({ isError: false, parts: [{ text: expect.stringContaining('It happened') as string }] })
  })

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a word', 'succeeded'],
    ['an answer of next year', { found: 'perhaps' }],
    ['a failure without a message', { found: 'failed' }],
  ])('of which a look-up says %s is a question to a person', async (_, said) => {
    const { view, types } = await pay({ execute: never, lookup: () => Promise.resolve(said as unknown as Lookup<unknown>) })
    expect(types.at(-1)).toBe('RunEscalated')
    expect(view.waitsFor).toBe('human')
  })

  test('that is unresolved is settled by its own late answer', async () => {
    let answerLate = (_: unknown): void => undefined
    const { world, run, view } = await pay({ execute: () => new Promise((resolve) => (answerLate = resolve)) })
    expect(view.waitsFor).toBe('human')
    answerLate('paid after all')
    await new Promise((resolve) => setImmediate(resolve))
    const after = await settle(world, run)
    expect(after.transcript.find(({ role }) => role === 'tool')).toMatchObject({ isError: false, parts: [{ text: 'paid after all' }] })
    expect(after.answer).toBe('Done.')
  })

  test('that is unresolved is settled by the late word that it did not happen, and by no other error', async () => {
    let failLate = (_: Error): void => undefined
    const { world, run } = await pay({ execute: () => new Promise((_, reject) => (failLate = reject)) })
    failLate(new ToolFailure('declined', { happened: false }))
    await new Promise((resolve) => setImmediate(resolve))
    expect((await settle(world, run)).transcript.find(({ role }) => role === 'tool')).toMatchObject({
      isError: true,
      parts: [{ text: 'declined' }],
    })
    const other = await pay({ execute: () => new Promise((_, reject) => (failLate = reject)) })
    failLate(new Error('aborted'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(await settle(other.world, other.run)).toMatchObject({ waitsFor: 'human' })
  })
})

describe('an `idempotent` call', () => {
  const failing = (thrown: Error): Options => ({ effect: 'idempotent', retry: { attempts: 1 }, execute: () => Promise.reject(thrown) })

  test('that fails without saying whether it happened is told to the model as uncertain', async () => {
    const { told, events } = await pay(failing(new Error('socket hang up')))
    expect(events.find(({ type }) => type === 'ToolCallFailed')?.data).toMatchObject({ happened: 'unknown' })
    expect(told).toMatchObject({ isError: true, parts: [{ text: expect.stringContaining('Nobody knows whether it happened') as string }] })
  })

  test('that says that it did not happen has failed for certain', async () => {
    const { told } = await pay(failing(new ToolFailure('declined', { happened: false })))
    expect(told).toMatchObject({ isError: true, parts: [{ text: 'declined' }] })
  })

  test('of which an earlier attempt may have happened is uncertain, whatever the last one says', async () => {
    const { events } = await pay({
      effect: 'idempotent',
      retry: { attempts: 2 },
      execute: (_, { attempt }) =>
        Promise.reject(
          attempt === 1 ? new ToolFailure('reset', { retryable: true }) : new ToolFailure('no such account', { happened: false }),
        ),
    })
    expect(events.findLast(({ type }) => type === 'ToolCallFailed')?.data).toMatchObject({ happened: 'unknown' })
  })
})
