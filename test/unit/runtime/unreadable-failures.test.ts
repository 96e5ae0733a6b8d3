import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Models } from '../../../src/models/model.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { ToolFailure, type ToolOptions } from '../../../src/tools/tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const boom = (): never => {
  throw new Error('looked at')
}

const failureWith = (field: string, options = {}): ToolFailure =>
  Object.defineProperty(new ToolFailure('No.', options), field, { get: boom })

const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable(new ToolFailure('No.', { happened: false, retryable: true }), {})
  revoke()
  return proxy
}

const unreadable: readonly [string, () => unknown][] = [
  ['a proxy that throws at every look', () => new Proxy(new ToolFailure('No.', { happened: false }), { get: boom })],
  ['a proxy that throws when asked what it is', () => new Proxy(new ToolFailure('No.', { happened: false }), { getPrototypeOf: boom })],
  ['a revoked proxy', revoked],
  ...['happened', 'cause', 'retryable', 'message'].map((field): [string, () => unknown] => [
    `one whose ${field} cannot be read`,
    () => failureWith(field, { happened: false, retryable: true }),
  ]),
  ['one whose cause cannot be shown', () => new ToolFailure('No.', { cause: new Proxy({}, { get: boom, getPrototypeOf: boom }) })],
]

const payWith = (options: Partial<ToolOptions<unknown, unknown>>) =>
  defineTool<unknown, unknown>({
    name: 'pay',
    description: 'Moves money',
    input: z.object({}),
    output: z.unknown(),
    effect: 'once',
    execute: () => Promise.resolve('paid'),
    ...options,
  })

const openWith = (options: Partial<ToolOptions<unknown, unknown>>) =>
  openWorld({
    agents: [defineAgent({ name: 'teller', version: '1', instructions: '', models: ['scripted/one'], tools: [payWith(options)] })],
    models: { scripted: scriptedModel([toolCalls([{ name: 'pay', arguments: {} }]), answer('I see.')]) },
  })

const payOnce = async (options: Partial<ToolOptions<unknown, unknown>>) => {
  const world = openWith(options)
  const run = await world.refold.start('teller', { message: 'Pay' })
  const view = await settle(world, run)
  return { view, events: await eventsOf(world, run.id), notices: world.notices }
}

describe('a failure that cannot be read', () => {
  test.each(unreadable)('of a `once` call leaves open whether it happened: %s', async (_, thrown) => {
    const { view, events, notices } = await payOnce({ execute: () => Promise.reject(thrown() as Error) })
    const unresolved = events.filter(({ type }) => type === 'ToolCallUnresolved')
    expect(unresolved).toMatchObject([{ data: { reason: expect.stringContaining('pay failed') as string } }])
    expect(events.some(({ type }) => type === 'ToolCallFailed')).toBe(false)
    expect(view.waitsFor).toBe('human')
    expect(notices.filter(({ type }) => type === 'runBroken')).toEqual([])
  })

  for (const effect of ['idempotent', 'read'] as const)
    test.each(unreadable)(`of ${effect === 'read' ? 'a `read`' : 'an `idempotent`'} call is a failure: %s`, async (_, thrown) => {
      const { view, events } = await payOnce({ effect, execute: () => Promise.reject(thrown() as Error) })
      const failed = events.filter(({ type }) => type === 'ToolCallFailed')
      expect(failed).toMatchObject([{ data: { class: 'error', message: expect.any(String) as string } }])
      if (effect === 'idempotent') expect(failed).toMatchObject([{ data: { happened: 'unknown' } }])
      expect(view.answer).toBe('I see.')
    })

  test.each(unreadable)('that comes late keeps the run waiting for nobody: %s', async (_, thrown) => {
    let fail: ((error: unknown) => void) | undefined
    const world = openWith({ timeoutMs: 1_000, execute: () => new Promise((__, reject) => (fail = reject)) })
    const run = await world.refold.start('teller', { message: 'Pay' })
    const { openEffects } = await settle(world, run)
    fail?.(thrown())
    await run.settleToolCall(openEffects[0]!.key, { by: 'ann', outcome: { succeeded: true, output: 'paid' } })
    expect((await settle(world, run)).answer).toBe('I see.')
    expect(world.notices).toContainEqual(expect.objectContaining({ type: 'resultDropped', result: 'after its deadline' }))
    expect(world.refold.runtime.isAtWork()).toBe(false)
  })

  test.each(unreadable)('of a look-up asks a person: %s', async (_, thrown) => {
    const { view } = await payOnce({
      execute: () => Promise.reject(new Error('connection reset')),
      lookup: () => Promise.reject(thrown() as Error),
    })
    expect(view.waitsFor).toBe('human')
  })

  test.each(unreadable)('of a model adapter is a failed call: %s', async (_, thrown) => {
    const agent = defineAgent({ name: 'talk', version: '1', instructions: '', models: ['odd/one'] })
    const models: Models = { odd: { call: () => Promise.reject(thrown() as Error) } }
    const world = openWorld({ agents: [agent], models })
    const run = await world.refold.start('talk', { message: 'Hi' })
    await settle(world, run)
    expect((await eventsOf(world, run.id)).find(({ type }) => type === 'ModelCallFailed')).toMatchObject({ data: { class: 'protocol' } })
  })
})

describe('an answer of a look-up', () => {
  test.each<[string, object]>([
    ['any field', new Proxy({}, { get: boom })],
    [
      'what it has found',
      {
        get found(): never {
          return boom()
        },
      },
    ],
    [
      'the words',
      {
        found: 'failed',
        get message(): never {
          return boom()
        },
      },
    ],
    [
      'whether it is final',
      {
        found: 'nothing',
        get final(): never {
          return boom()
        },
      },
    ],
  ])('of which nobody can read %s asks a person', async (_, found) => {
    const { view } = await payOnce({ execute: () => Promise.reject(new Error('reset')), lookup: () => Promise.resolve(found as never) })
    expect(view.waitsFor).toBe('human')
  })

  test('that says another thing each time counts by what it said first', async () => {
    let looks = 0
    const fickle = {
      found: 'failed',
      get message(): unknown {
        return looks++ === 0 ? 'No such account.' : { toJSON: boom }
      },
    }
    const { events } = await payOnce({
      execute: () => Promise.reject(new Error('reset')),
      lookup: () => Promise.resolve(fickle as never),
    })
    expect(events.find(({ type }) => type === 'ToolCallFailed')).toMatchObject({ data: { message: 'No such account.' } })
  })
})
