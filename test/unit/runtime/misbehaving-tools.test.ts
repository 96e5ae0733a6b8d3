import { textContent, textsOf } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { ToolFailure, type ToolOptions } from '../../../src/tools/tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const toolWith = (options: Partial<ToolOptions<unknown, unknown>>) =>
  defineTool<unknown, unknown>({
    name: 'odd',
    description: 'An odd tool',
    input: z.object({}),
    output: z.unknown(),
    effect: 'read',
    execute: () => Promise.resolve('fine'),
    ...options,
  })

/** What the model is told, and what was recorded, of one call of a tool. */
const callOnce = async (options: Partial<ToolOptions<unknown, unknown>>) => {
  const agent = defineAgent({ name: 'odd', version: '1', instructions: '', models: ['scripted/one'], tools: [toolWith(options)] })
  const world = openWorld({
    agents: [agent],
    models: { scripted: scriptedModel([toolCalls([{ name: 'odd', arguments: {} }]), answer('I see.')]) },
  })
  const run = await world.refold.start('odd', { message: 'Go' })
  const view = await settle(world, run)
  const told = view.transcript.find(({ role }) => role === 'tool')
  const events = await eventsOf(world, run.id)
  return { view, told, events, types: events.map(({ type }) => type), world, run }
}

describe('a tool', () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const unreadable = Object.defineProperty(new Error(), 'message', {
    get: () => {
      throw new Error('looked at')
    },
  })

  test.each<[string, unknown, string]>([
    ['an Error', new Error('no route to db-7.internal, password=hunter2'), 'no route to db-7.internal, password=hunter2'],
    ['a text', 'just words', 'just words'],
    ['undefined', undefined, 'undefined'],
    ['an object', { code: 7 }, '{"code":7}'],
    ['a symbol', Symbol('odd'), 'Symbol(odd)'],
    ['a revoked proxy', proxy, 'something that cannot be shown'],
    ['an error whose message cannot be read', unreadable, 'something that cannot be shown'],
    ['an error whose message is an object', Object.assign(new Error(), { message: { code: 7 } }), '{"code":7}'],
  ])('that throws %s tells the model that it failed, and the log why', async (_, thrown, cause) => {
    const { told, view, events, world, run } = await callOnce({
      execute: () => {
        throw thrown
      },
    })
    expect(told).toMatchObject({ isError: true, parts: textContent('odd failed') })
    expect(JSON.stringify(view.transcript)).not.toContain('hunter2')
    expect(events.find(({ type }) => type === 'ToolCallFailed')).toMatchObject({ data: { message: 'odd failed', cause } })
    expect(world.notices).toContainEqual({ type: 'codeFailed', runId: run.id, callId: expect.any(String) as string, message: cause })
    expect(view.answer).toBe('I see.')
  })

  test('that throws a ToolFailure says what the model is told, and keeps the cause to the log', async () => {
    const { told, events } = await callOnce({
      execute: () => Promise.reject(new ToolFailure('There is no such shelf.', { cause: new Error('select * from shelves') })),
    })
    expect(told).toMatchObject({ isError: true, parts: textContent('There is no such shelf.') })
    expect(events.find(({ type }) => type === 'ToolCallFailed')).toMatchObject({ data: { cause: 'select * from shelves' } })
  })

  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  const doubling = Array.from({ length: 60 }).reduce<unknown>((inner) => [inner, inner], 'x'.repeat(1_000_000))

  test.each([
    ['a BigInt', 10n, 'a bigint'],
    ['a function', { run: () => 1 }, 'a function'],
    ['a cycle', cycle, 'a deeper one'],
    ['a list that doubles sixty times', doubling, 'JSON of 67108864 bytes at most'],
    ['NaN', { price: Number.NaN }, 'NaN'],
    ['a Map', new Map(), 'a Map'],
  ])('that returns %s fails with what JSON cannot carry', async (_, output, found) => {
    const { told, types } = await callOnce({ execute: () => Promise.resolve(output) })
    expect(told).toMatchObject({ isError: true })
    expect(told?.role === 'tool' && textsOf(told.parts)).toContain(found)
    expect(types).toContain('ToolCallFailed')
  })

  test.each(['', '  ', '\n\t'])('that takes nothing is called where a model writes %j for its arguments', async (argumentsText) => {
    const usage = { inputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 1, reasoningTokens: 0 }
    const asked = { ok: true as const, stop: 'tool_calls', usage, model: 'one', dropped: [] }
    const part = { type: 'toolCall' as const, id: '1', name: 'odd', argumentsText }
    const agent = defineAgent({ name: 'odd', version: '1', instructions: '', models: ['scripted/one'], tools: [toolWith({})] })
    const model = scriptedModel([{ ...asked, parts: [part] }, answer('I see.')])
    const world = openWorld({ agents: [agent], models: { scripted: model } })
    const view = await settle(world, await world.refold.start('odd', { message: 'Go' }))
    expect(view.transcript.find(({ role }) => role === 'tool')).toMatchObject({ isError: false, parts: textContent('fine') })
  })

  test('that returns nothing returns null', async () => {
    const { told } = await callOnce({ execute: () => Promise.resolve(undefined) })
    expect(told).toMatchObject({ isError: false, parts: textContent('null') })
  })

  test('that returns what its schema forbids fails with the place', async () => {
    const { told } = await callOnce({ output: z.object({ price: z.number() }), execute: () => Promise.resolve({ price: 'free' }) })
    expect(told?.role === 'tool' && textsOf(told.parts)).toMatch(/price/)
  })

  test('that returns more than it may fails with both sizes', async () => {
    const { told } = await callOnce({ maxOutputBytes: 10, execute: () => Promise.resolve('x'.repeat(100)) })
    expect(told?.role === 'tool' && textsOf(told.parts)).toContain('102 bytes, of which 10 are allowed')
  })

  test('that never returns is aborted at its timeout, and tried again as often as it says', async () => {
    const aborted: boolean[] = []
    const { told, events } = await callOnce({
      timeoutMs: 1_000,
      retry: { attempts: 2, baseDelayMs: 10, maxDelayMs: 10 },
      execute: (_, { signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => aborted.push(true))
        }),
    })
    expect(aborted).toEqual([true, true])
    expect(told).toMatchObject({ isError: true, parts: textContent('odd gave no answer within 1000 ms') })
    expect(events.filter(({ type }) => type === 'ToolCallRequested')).toHaveLength(2)
  })

  test('that fails for now is called again with the same key', async () => {
    const keys: string[] = []
    const { told } = await callOnce({
      effect: 'idempotent',
      execute: (_, { idempotencyKey, attempt }) => {
        keys.push(idempotencyKey)
        return attempt < 3 ? Promise.reject(new ToolFailure('busy', { retryable: true })) : Promise.resolve('done')
      },
    })
    expect(told).toMatchObject({ isError: false, parts: textContent('done') })
    expect(new Set(keys).size).toBe(1)
    expect(keys).toHaveLength(3)
  })

  test('with effect once that gives no answer in time is unresolved and never called again', async () => {
    let calls = 0
    const { view, types } = await callOnce({
      effect: 'once',
      timeoutMs: 1_000,
      execute: () => {
        calls += 1
        return new Promise(() => undefined)
      },
    })
    expect(calls).toBe(1)
    expect(types).toContain('ToolCallUnresolved')
    expect(view).toMatchObject({ waitsFor: 'human' })
  })

  test('with effect once is settled by a person where no look-up can', async () => {
    const { world, run, view } = await callOnce({ effect: 'once', timeoutMs: 1_000, execute: () => new Promise(() => undefined) })
    const [call] = view.toolCalls
    await run.settleToolCall(call!.callId, { by: 'dana', outcome: { succeeded: true, output: 'it happened' } })
    expect((await settle(world, run)).transcript.find(({ role }) => role === 'tool')).toMatchObject({ parts: textContent('it happened') })
  })

  test.each([
    ['succeeded', { found: 'succeeded', output: 'charged' } as const, 'charged', 1],
    ['failed', { found: 'failed', message: 'declined' } as const, 'declined', 1],
  ])('with effect once is settled by its look-up that found it %s', async (_, found, text, times) => {
    let calls = 0
    const { told } = await callOnce({
      effect: 'once',
      timeoutMs: 1_000,
      execute: () => {
        calls += 1
        return new Promise(() => undefined)
      },
      lookup: () => Promise.resolve(found),
    })
    expect(told).toMatchObject({ parts: textContent(text) })
    expect(calls).toBe(times)
  })

  test('that answers after its deadline changes nothing, and is counted', async () => {
    let answerLate = (_: unknown): void => undefined
    const { world, told } = await callOnce({
      timeoutMs: 1_000,
      retry: { attempts: 1 },
      execute: () => new Promise((resolve) => (answerLate = resolve)),
    })
    answerLate('too late')
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toMatchObject({ isError: true })
    expect(world.notices).toContainEqual(expect.objectContaining({ type: 'resultDropped', result: 'after its deadline' }))
  })
})
