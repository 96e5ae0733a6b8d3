import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import type { RestoreMark } from '../../../src/runtime/runtime-parts.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import type { ToolOptions } from '../../../src/tools/tool.ts'
import { copiedLog } from '../../support/copied-log.ts'
import { eventsOf, manualClock, openWorld, settle, type ManualClock, type World } from '../../support/world.ts'

/** What the world outside holds, whatever becomes of the log. */
type Books = Map<string, number>

const order = z.object({ order: z.number() })
type Order = z.infer<typeof order>

const charge = (books: Books, options: Partial<ToolOptions<Order, unknown>> = {}) =>
  defineTool<Order, unknown>({
    name: 'charge',
    description: 'Charges an order',
    input: order,
    output: z.unknown(),
    effect: 'once',
    execute: async ({ order: id }, { idempotencyKey }) => {
      books.set(idempotencyKey, (books.get(idempotencyKey) ?? 0) + 1)
      return { charged: id }
    },
    ...options,
  })

const looked = (books: Books): Partial<ToolOptions<Order, unknown>> => ({
  lookup: async (key, { input }) => (books.has(key) ? { found: 'succeeded', output: { found: input.order } } : { found: 'nothing' }),
})

const answers = [
  toolCalls([
    { name: 'charge', arguments: { order: 1 } },
    { name: 'charge', arguments: { order: 2 } },
  ]),
  toolCalls([{ name: 'charge', arguments: { order: 3 } }]),
  answer('Done.'),
]

const script = () =>
  scriptedModel(({ messages }) => answers[messages.filter(({ role }) => role === 'assistant').length] ?? answer('Enough.'))

interface Process {
  readonly log: EventLog
  readonly clock: ManualClock
  readonly books: Books
  readonly options?: Partial<ToolOptions<Order, unknown>>
  readonly restore?: RestoreMark
}

const open = ({ log, clock, books, options = {}, restore }: Process): World =>
  openWorld({
    agents: [
      defineAgent({ name: 'clerk', version: '1', instructions: '', models: ['scripted/one'], tools: [charge(books, options)] }),
      parent,
    ],
    models: { scripted: script() },
    log,
    clock,
    owner: restore === undefined ? 'first' : 'restored',
    ownerIsGone: (other) => other === 'first' && restore !== undefined,
    ...(restore === undefined ? {} : { restore }),
  })

const intent = (_: unknown, _params?: Record<string, unknown>): void => undefined

/** Has its orders charged by another run. */
const parent = defineAgent({
  name: 'parent',
  version: '1',
  chart: setup({ actions: { startChildRun: intent } }).createMachine({
    id: 'parent',
    initial: 'asking',
    states: {
      asking: {
        entry: { type: 'startChildRun', params: { agent: 'clerk', input: 'charge all', key: 'clerk' } },
        on: { ChildRunSucceeded: 'done', ChildRunFailed: 'failed' },
      },
      done: { type: 'final' },
      failed: { type: 'final', tags: 'failed' },
    },
  }),
})

/** A log, and where it ended after each append: no copy holds a part of one. */
const logWithEnds = (clock: ManualClock): { readonly log: EventLog; readonly ends: number[] } => {
  const ends: number[] = []
  const log = memoryEventLog({ clock })
  const append: EventLog['append'] = async (...given) => {
    const result = await log.append(...given)
    ends.push(result.position)
    return result
  }
  return { log: { ...log, append }, ends }
}

const markBehind = (position: number, lostRuns: readonly string[] = []): RestoreMark => ({
  id: 'restore-1',
  position: position + 0.5,
  lostRuns: new Set(lostRuns),
})

/** Every older copy of what a process has recorded, as another process takes it up. */
const everyCopy = async (
  { agent, runId, options }: { agent: string; runId: string; options?: Partial<ToolOptions<Order, unknown>> },
  check: (restored: { world: World; books: Books; upTo: number }) => Promise<void>,
): Promise<void> => {
  const clock = manualClock()
  const { log, ends } = logWithEnds(clock)
  const original: Books = new Map()
  const world = open({ log, clock, books: original, ...(options && { options }) })
  await settle(world, await world.refold.start(agent, agent === 'clerk' ? { runId, message: 'charge all' } : { runId }))
  expect(original.size).toBe(3)
  for (const upTo of ends) {
    const books = new Map(original)
    const copy = await copiedLog(log, { clock, upTo })
    await check({
      world: open({ log: copy, clock, books, options: { ...options, ...(options?.lookup && looked(books)) }, restore: markBehind(upTo) }),
      books,
      upTo,
    })
  }
}

const timesOf = (books: Books): number[] => [...books.values()]

describe('a run that goes on from an older copy of its log', () => {
  test('looks up each call that may have happened since, and has none of them twice', async () => {
    const options = looked(new Map())
    await everyCopy({ agent: 'clerk', runId: 'run-1', options }, async ({ world, books, upTo }) => {
      await world.refold.runtime.wake('run-1')
      await settle(world, world.refold.run('run-1'))
      expect(timesOf(books), `copied up to ${upTo}`).toEqual([1, 1, 1])
      expect((await world.refold.run('run-1').verify()).ok).toBe(true)
      expect((await eventsOf(world, 'run-1')).map(({ type }) => type)).toContain('RunRestored')
    })
  })

  test('does what has not happened', async () => {
    const clock = manualClock()
    const { log, ends } = logWithEnds(clock)
    const world = open({ log, clock, books: new Map(), options: looked(new Map()) })
    await settle(world, await world.refold.start('clerk', { runId: 'run-1', message: 'charge all' }))
    const [, second = 0] = ends
    const books: Books = new Map()
    const restored = open({
      log: await copiedLog(log, { clock, upTo: second }),
      clock,
      books,
      options: looked(books),
      restore: markBehind(second),
    })
    await restored.refold.runtime.wake('run-1')
    expect(await settle(restored, restored.refold.run('run-1'))).toMatchObject({ waitsFor: 'message' })
    expect(timesOf(books)).toEqual([1, 1, 1])
  })

  test('waits for a person at a call that nobody can look up', async () => {
    await everyCopy({ agent: 'clerk', runId: 'run-1' }, async ({ world, books, upTo }) => {
      await world.refold.runtime.wake('run-1')
      const run = world.refold.run('run-1')
      for (let held = 0; held < 4; held++) {
        const { unresolved } = await settle(world, run)
        for (const { callId } of unresolved)
          await run.settleToolCall(callId, { by: 'ann', outcome: { succeeded: true, output: 'it was charged' } })
      }
      expect(timesOf(books), `copied up to ${upTo}`).toEqual([1, 1, 1])
      expect(await settle(world, run)).toMatchObject({ waitsFor: 'message' })
    })
  })

  test('asks for a run that knows it too, also where the copy does not hold it', async () => {
    await everyCopy({ agent: 'parent', runId: 'run-1', options: looked(new Map()) }, async ({ world, books, upTo }) => {
      await world.refold.runtime.wake('run-1')
      // As a sweep does, where the copy holds it.
      await world.refold.runtime.wake('run-1.clerk-1').catch(() => undefined)
      expect(await settle(world, world.refold.run('run-1'))).toMatchObject({ status: 'completed' })
      expect(timesOf(books), `copied up to ${upTo}`).toEqual([1, 1, 1])
    })
  })
})

describe('a run that begins after an older copy was restored', () => {
  const begin = async (lostRuns: readonly string[]) => {
    const clock = manualClock()
    const books: Books = new Map()
    const world = open({ log: memoryEventLog({ clock }), clock, books, restore: markBehind(0, lostRuns) })
    const view = await settle(world, await world.refold.start('clerk', { runId: 'run-1', message: 'charge all' }))
    return { view, books, restored: (await eventsOf(world, 'run-1')).find(({ type }) => type === 'RunRestored') }
  }

  test('is told from one that was begun before, as far as that is known', async () => {
    expect(await begin(['run-1'])).toMatchObject({ restored: { data: { lost: true } }, view: { waitsFor: 'human' }, books: new Map() })
  })

  test('is as any other', async () => {
    const { restored, books, view } = await begin(['run-2'])
    expect(restored).toBeUndefined()
    expect(view.waitsFor).toBe('message')
    expect(timesOf(books)).toEqual([1, 1, 1])
  })
})
