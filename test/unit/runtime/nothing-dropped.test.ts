import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { shapeProblems } from '../../../src/events/codec.ts'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import type { Run } from '../../../src/runtime/run-handle.ts'
import { eventsOf, openWorld, settle, type World } from '../../support/world.ts'

const talker = defineAgent({ name: 'talker', version: '1', instructions: 'Talk.', models: ['scripted/one'] })
const world = (): World =>
  openWorld({ agents: [talker], models: { scripted: scriptedModel(Array.from({ length: 9 }, () => answer('Yes.'))) } })

const refusal = async (promise: Promise<unknown>): Promise<{ code?: string; message?: string }> =>
  promise.then(
    () => ({}),
    (error: unknown) => error as { code: string; message: string },
  )

describe('a start with a run id that is known', () => {
  test('is that run where it says the same, and is refused with the difference where it says something else', async () => {
    const { refold, log, clock } = world()
    const run = await refold.start('talker', { runId: 'run-1', message: 'My order 17?' })
    await settle({ clock }, run)
    const { revision } = await run.state()
    expect((await refold.start('talker', { runId: 'run-1', message: 'My order 17?' })).id).toBe('run-1')
    const other = await refusal(refold.start('talker', { runId: 'run-1', message: 'My order 18?' }))
    expect(other).toMatchObject({ code: 'IdempotencyKeyReused' })
    expect(other.message).toContain('"My order 17?"')
    expect(other.message).toContain('"My order 18?"')
    for (const options of [{}, { message: 'My order 17?', input: 1 }, { message: 'My order 17? ' }]) {
      expect(await refusal(refold.start('talker', { runId: 'run-1', ...options }))).toMatchObject({ code: 'IdempotencyKeyReused' })
    }
    expect((await eventsOf({ log }, 'run-1')).length).toBe(revision + 1)
  })

  test('is told from a message that was sent later', async () => {
    const { refold } = world()
    const run = await refold.start('talker', { runId: 'run-1' })
    await run.send({ message: 'Hello.' })
    expect((await refold.start('talker', { runId: 'run-1' })).id).toBe('run-1')
    expect(await refusal(refold.start('talker', { runId: 'run-1', message: 'Hello.' }))).toMatchObject({ code: 'IdempotencyKeyReused' })
  })

  test('shows of long texts no more than their beginning', async () => {
    const { refold } = world()
    await refold.start('talker', { runId: 'run-1', message: 'a'.repeat(100_000) })
    const other = await refusal(refold.start('talker', { runId: 'run-1', message: 'b'.repeat(100_000) }))
    expect(other.message?.length).toBeLessThan(1_000)
  })
})

describe('options that cannot be read', () => {
  const throwing = <Options extends object>(options: Options, name: string): Options =>
    Object.defineProperty({ ...options }, name, {
      enumerable: true,
      get: () => {
        throw new Error('a getter fell over')
      },
    })
  const by = { by: 'ann' }

  test.each<[string, (run: Run) => Promise<unknown>]>([
    ['of a message', (run) => run.send(throwing({ message: 'Hi' }, 'message'))],
    ['of a message, in its data', (run) => run.send({ message: 'Hi', data: throwing({}, 'n') })],
    ['of an approval', (run) => run.approve('3.0', throwing(by, 'digest'))],
    ['of a cancellation', (run) => run.cancel(throwing({ ...by, reason: 'enough' }, 'reason'))],
    ['of limits', (run) => run.giveBack({ ...by, limits: throwing({}, 'tokens') })],
    [
      'that are a revoked proxy',
      (run) => {
        const { proxy, revoke } = Proxy.revocable({ message: 'Hi' }, {})
        revoke()
        return run.send(proxy)
      },
    ],
  ])('%s are refused, with the reason', async (_, command) => {
    const { refold, log } = world()
    const run = await refold.start('talker', { runId: 'run-1' })
    expect(await refusal(Promise.resolve().then(() => command(run)))).toMatchObject({ code: 'InvalidInput' })
    expect((await eventsOf({ log }, 'run-1')).map(({ type }) => type)).toEqual(['RunStarted'])
  })

  test.each<[string, (run: Run) => Promise<unknown>]>([
    ['a command id', (run) => run.send({ message: 'Hi', commandId: 'c'.repeat(1_000_000) })],
    ['an actor', (run) => run.send({ message: 'Hi', actor: 'a'.repeat(1_000_000) })],
    ['a digest', (run) => run.approve('3.0', { by: 'ann', digest: 'd'.repeat(1_000_000) })],
  ])('since %s of a megabyte is in them are refused at once, in few words', async (_, command) => {
    const { refold, log } = world()
    const run = await refold.start('talker', { runId: 'run-1' })
    const refused = await refusal(command(run))
    expect(refused.code).toBe('InvalidInput')
    expect(refused.message?.length).toBeLessThan(1_000)
    expect((await eventsOf({ log }, 'run-1')).map(({ type }) => type)).toEqual(['RunStarted'])
  })
})

describe('a command id that is known', () => {
  test('grants nothing again for the same body, and is refused with the difference for another', async () => {
    const { refold, log } = world()
    const run = await refold.start('talker', { runId: 'run-1' })
    await run.send({ message: 'Pay 10.', data: { n: 1 }, commandId: 'c' })
    await run.send({ message: 'Pay 10.', data: { n: 1 }, commandId: 'c' })
    const other = await refusal(run.send({ message: 'Pay 100.', data: { n: 1 }, commandId: 'c' }))
    expect(other).toMatchObject({ code: 'IdempotencyKeyReused' })
    expect(other.message).toContain('"Pay 10."')
    expect(other.message).toContain('"Pay 100."')
    for (const options of [{ message: 'Pay 10.' }, { message: 'Pay 10.', data: { n: 2 } }]) {
      expect(await refusal(run.send({ ...options, commandId: 'c' }))).toMatchObject({ code: 'IdempotencyKeyReused' })
    }
    const { runtime } = refold
    const cancel = runtime.command('run-1', { type: 'cancel', by: 'ann', reason: 'no' }, { commandId: 'c' })
    expect(await refusal(cancel)).toMatchObject({ code: 'IdempotencyKeyReused' })
    expect((await eventsOf({ log }, 'run-1')).filter(({ type }) => type === 'MessageReceived')).toHaveLength(1)
  })

  test.each(['pause', 'fail', 'complete', 'answer'] as const)(
    'of another command stays that of the command that was granted (%s)',
    async (type) => {
      const { refold, clock } = world()
      const run = await refold.start('talker', { runId: 'run-1', message: 'Hi.' })
      await settle({ clock }, run)
      const command = { type: 'cancel', by: 'ann', reason: 'no' } as const
      await refold.runtime.command('run-1', command, { commandId: 'c' })
      await refold.runtime.command('run-1', command, { commandId: 'c' })
      for (const other of [{ by: 'bob' }, { reason: 'yes' }]) {
        const repeated = refold.runtime.command('run-1', { ...command, ...other }, { commandId: 'c' })
        expect(await refusal(repeated)).toMatchObject({ code: 'IdempotencyKeyReused' })
      }
      const another = { type, by: 'ann', reason: 'no', text: 'x', output: 1 }
      const body = Object.fromEntries(Object.entries(another).filter(([key]) => FIELDS[type].includes(key)))
      expect(await refusal(refold.runtime.command('run-1', body as never, { commandId: 'c' }))).toMatchObject({
        code: 'IdempotencyKeyReused',
      })
    },
  )
})

const FIELDS = {
  pause: ['type', 'by', 'reason'],
  fail: ['type', 'by', 'reason'],
  complete: ['type', 'by', 'output'],
  answer: ['type', 'by', 'text'],
}

type Untyped = Record<keyof Run, (...args: unknown[]) => Promise<unknown>>

describe('what no program with types would say', () => {
  test.each<[string, (run: Untyped) => Promise<unknown>, string]>([
    ['send a text', (run) => run.send('hello'), 'message'],
    ['send nothing', (run) => run.send(), 'message'],
    ['send an empty command', (run) => run.send({}), 'text'],
    ['send a number', (run) => run.send({ message: 7 }), 'text'],
    ['send with a strange option', (run) => run.send({ message: 'x', mesage: 'y' }), 'mesage'],
    ['send with a number as its id', (run) => run.send({ message: 'x', commandId: 7 }), 'commandId'],
    ['cancel without a word', (run) => run.cancel(), 'by'],
    ['cancel without a reason', (run) => run.cancel({ by: 'ann' }), 'reason'],
    ['cancel with an object as the reason', (run) => run.cancel({ by: 'ann', reason: {} }), 'reason'],
    ['cancel by a number', (run) => run.cancel({ by: 7, reason: 'x' }), 'by'],
    ['cancel with undefined fields', (run) => run.cancel({ by: undefined, reason: undefined }), 'by'],
    ['pause by nobody', (run) => run.pause({ by: '' }), 'by'],
    ['pause with null', (run) => run.pause(null), 'by'],
    ['fail with a list', (run) => run.fail({ by: 'ann', reason: ['x'] }), 'reason'],
    ['approve without a call', (run) => run.approve(undefined, { by: 'ann' }), 'callId'],
    ['approve without options', (run) => run.approve('3.0'), 'by'],
    ['give back with strange limits', (run) => run.giveBack({ by: 'ann', limits: { tokens: 'many' } }), 'tokens'],
    ['give back with a negative limit', (run) => run.giveBack({ by: 'ann', limits: { costUsd: -1 } }), 'costMicroUsd'],
    ['settle without an outcome', (run) => run.settleToolCall('3.0', { by: 'ann' }), 'outcome'],
  ])('is refused with the place, and nothing is recorded: %s', async (_, command, place) => {
    const { refold, log } = world()
    const run = await refold.start('talker', { runId: 'run-1' })
    const error = await refusal(command(run as unknown as Untyped))
    expect(error).toMatchObject({ code: 'InvalidInput' })
    expect(error.message).toContain(place)
    expect(await eventsOf({ log }, 'run-1')).toHaveLength(1)
  })

  test.each<[string, unknown, string]>([
    ['a text', 'hello', 'object'],
    ['a number as the message', { message: 7 }, 'message'],
    ['a number as the run id', { runId: 7 }, 'runId'],
    ['an empty tenant', { tenant: '' }, 'tenant'],
    ['a strange option', { mesage: 'x' }, 'mesage'],
  ])('is refused at the start of a run: %s', async (_, options, place) => {
    const { refold } = world()
    const error = await refusal(refold.start('talker', options as never))
    expect(error).toMatchObject({ code: 'InvalidInput' })
    expect(error.message).toContain(place)
  })
})

const intent = (_: unknown, _params?: Record<string, unknown>): void => undefined

describe('what a chart says of itself', () => {
  const odd = (params: Record<string, unknown>, delay = 0.5) =>
    defineAgent({
      name: 'odd',
      version: '1',
      chart: setup({ types: { events: {} as ChartEvent }, actions: { escalate: intent, askApproval: intent } }).createMachine({
        id: 'odd',
        initial: 'first',
        states: {
          first: { after: { [delay]: 'asking' } },
          asking: {
            tags: 'human',
            entry: [
              { type: 'escalate', params },
              { type: 'askApproval', params: { question: 'Sure?', timeoutMs: 1_000.5 } },
            ],
            on: { RunEscalated: {}, ApprovalGranted: 'failed' },
          },
          failed: { type: 'final', tags: 'failed' },
        },
        output: () => ({ why: { deep: true } }),
      }),
    })

  test.each<[Record<string, unknown>]>([[{ reason: { deep: true } }], [{ reason: 7 }], [{}]])(
    'is recorded in its published shape, whatever it is (%j)',
    async (params) => {
      const odds = openWorld({ agents: [odd(params)] })
      const run = await odds.refold.start('odd')
      await settle(odds, run)
      const [asked] = (await run.state()).approvals
      await run.approve(asked?.callId ?? '', { by: 'ann' })
      for (let turn = 0; turn < 20; turn++) await nextTurn()
      const events = await eventsOf(odds, run.id)
      expect(events.flatMap(shapeProblems)).toEqual([])
      expect(events.at(-1)).toMatchObject({ type: 'RunFailed', data: { reason: '{"why":{"deep":true}}' } })
    },
  )
})
