import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { createProjector } from '../../../src/consumers/projector.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { ToolFailure, type Lookup, type ToolOptions } from '../../../src/tools/tool.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { troubledLog, unavailable } from '../../support/troubled-log.ts'
import { eventsOf, manualClock, openWorld, settle, type ManualClock, type World } from '../../support/world.ts'

type Options = Partial<ToolOptions<{ amount: number }, unknown>>

interface Attempt {
  succeed(output: unknown): void
  fail(error: Error): void
}

/** Lets everything happen that needs no time. */
const quiet = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await nextTurn()
}

const nothing: Lookup<unknown> = { found: 'nothing' }

interface Where {
  readonly log?: EventLog
  readonly clock?: ManualClock
  readonly owner?: string
  readonly ownerIsGone?: (owner: string) => boolean
}

/** A payment whose attempts end when they are told to, whatever their signal says. */
const bank = (options: Options = {}) => {
  const attempts: Attempt[] = []
  const pay = defineTool<{ amount: number }, unknown>({
    name: 'pay',
    description: 'Moves money',
    input: z.object({ amount: z.number() }),
    output: z.unknown(),
    effect: 'once',
    timeoutMs: 1_000,
    retry: { attempts: 3, baseDelayMs: 1_000, maxDelayMs: 1_000 },
    execute: () => new Promise((resolve, reject) => attempts.push({ succeed: resolve, fail: reject })),
    lookup: () => Promise.resolve(nothing),
    ...options,
  })
  const agent = defineAgent({ name: 'teller', version: '1', instructions: '', models: ['scripted/one'], tools: [pay] })
  const open = (where: Where = {}): World => {
    const model = scriptedModel([toolCalls([{ name: 'pay', arguments: { amount: 5 } }]), answer('Done.'), answer('I see.')])
    return openWorld({ agents: [agent], models: { scripted: model }, ...where })
  }
  return { attempts, open }
}

const typesOf = async (world: World, runId: string) => (await eventsOf(world, runId)).map(({ type }) => type)

const reasonOf = async (world: World, runId: string) => {
  const last = (await eventsOf(world, runId)).at(-1)
  return last?.type === 'RunEscalated' ? last.data.reason : undefined
}

/** The call has timed out, and its run stands where that has led it by now. */
const timedOut = async (options: Options = {}, where: Where = {}) => {
  const { attempts, open } = bank(options)
  const world = open(where)
  const run = await world.refold.start('teller', { message: 'Pay' })
  await quiet()
  world.clock.advance(1_000)
  await quiet()
  return { attempts, world, run }
}

describe('a look-up that finds nothing', () => {
  test('begins no second attempt while the first has not returned; a person is asked once as much time has passed again', async () => {
    const { attempts, world, run } = await timedOut()
    expect(await typesOf(world, run.id)).not.toContain('ToolCallFailed')
    world.clock.advance(1_000)
    await quiet()
    world.clock.advance(3_600_000)
    await quiet()
    expect(attempts).toHaveLength(1)
    expect(await run.state()).toMatchObject({ waitsFor: 'human' })
    expect(await reasonOf(world, run.id)).toContain('attempt 1 may still be under way in here/1/a')
  })

  test('is asked again when the first attempt has returned without a certain word; then the call is made again', async () => {
    const { attempts, world, run } = await timedOut()
    attempts[0]?.fail(new Error('aborted'))
    await quiet()
    world.clock.advance(1_000)
    await quiet()
    expect(attempts).toHaveLength(2)
    attempts[1]?.succeed('paid')
    expect((await settle(world, run)).transcript.find(({ role }) => role === 'tool')).toMatchObject({ parts: [{ text: 'paid' }] })
    expect((await run.verify()).ok).toBe(true)
  })

  test.each<[string, (attempt: Attempt) => void, string]>([
    ['that it has happened', (attempt) => attempt.succeed('paid 5'), 'paid 5'],
    ['that it did not', (attempt) => attempt.fail(new ToolFailure('declined', { happened: false })), 'declined'],
  ])('counts for nothing where the attempt says, late, %s', async (_, say, text) => {
    const { attempts, world, run } = await timedOut()
    say(attempts[0]!)
    await quiet()
    expect((await settle(world, run)).transcript.find(({ role }) => role === 'tool')).toMatchObject({ parts: [{ text }] })
    expect(attempts).toHaveLength(1)
  })

  test('counts at once where whoever is asked has closed the key', async () => {
    const { attempts, world } = await timedOut({ lookup: () => Promise.resolve({ found: 'nothing', final: true }) })
    world.clock.advance(1_000)
    await quiet()
    expect(attempts).toHaveLength(2)
  })

  test('of a run that was cancelled leaves the question open while the attempt has not returned', async () => {
    const { attempts, open } = bank({ lookup: () => Promise.resolve(nothing) })
    const world = open()
    const run = await world.refold.start('teller', { message: 'Pay' })
    await quiet()
    await run.cancel({ by: 'dana', reason: 'enough' })
    for (let count = 0; count < 5; count++) {
      world.clock.advance(1_000)
      await quiet()
    }
    expect((await run.state()).unresolved).toHaveLength(1)
    attempts[0]?.succeed('paid')
    await quiet()
    expect((await run.state()).unresolved).toHaveLength(0)
  })
})

describe('a look-up of what another process has begun', () => {
  const takenOver = async (isGone: boolean) => {
    const { attempts, open } = bank()
    const first = open()
    const run = await first.refold.start('teller', { message: 'Pay' })
    await quiet()
    const second = open({ log: first.log, owner: 'there/2/bb', ownerIsGone: () => isGone })
    second.clock.advance(60_000)
    await second.refold.runtime.wake(run.id)
    for (let count = 0; count < 5; count++) {
      await quiet()
      second.clock.advance(1_000)
    }
    await quiet()
    return { attempts, second, run }
  }

  test('that finds nothing asks a person where that process may still be at it', async () => {
    const { attempts, second, run } = await takenOver(false)
    expect(attempts).toHaveLength(1)
    expect(await second.refold.run(run.id).state()).toMatchObject({ waitsFor: 'human' })
    expect(await reasonOf(second, run.id)).toContain('here/1/a')
  })

  test('that finds nothing makes the call again where that process is certainly gone', async () => {
    expect((await takenOver(true)).attempts).toHaveLength(2)
  })
})

describe('an attempt that was taken for one that never happened, and happens', () => {
  /** The bank has closed the key, as it says; and does it all the same. */
  const closed = { lookup: () => Promise.resolve({ found: 'nothing', final: true } as const) }
  const corrections = async (world: World, runId: string) =>
    (await eventsOf(world, runId)).flatMap((event) => (event.type === 'ToolCallCorrected' ? [event.data] : []))
  const first = { callId: '3.0', attempt: 1, tool: 'pay', succeeded: true, output: 'first', settledBy: 'tool', earlier: true }

  test('before the next has begun keeps it from beginning', async () => {
    const { attempts, world, run } = await timedOut(closed)
    attempts[0]?.succeed('first')
    await quiet()
    const view = await settle(world, run)
    expect(attempts).toHaveLength(1)
    expect(await corrections(world, run.id)).toEqual([first])
    expect(view.transcript.find(({ role }) => role === 'tool')).toMatchObject({
      isError: false,
      parts: [{ text: expect.stringMatching(/^first/) as string }],
    })
    expect((await run.verify()).ok).toBe(true)
    const views = memoryViewStore()
    await createProjector({ log: world.log, views }).catchUp()
    expect((await views.query('tool-calls', { limit: 10 }, 0)).rows).toMatchObject([{ state: 'succeeded', output: 'first' }])
  })

  test('while the next is under way is recorded, and told to the model and to whoever runs the agent', async () => {
    const { attempts, world, run } = await timedOut(closed)
    world.clock.advance(1_000)
    await quiet()
    attempts[0]?.succeed('first')
    await quiet()
    attempts[1]?.succeed('second')
    const view = await settle(world, run)
    expect(await corrections(world, run.id)).toEqual([first])
    expect(view.transcript.find(({ role }) => role === 'tool')).toMatchObject({ parts: [{ text: 'second' }] })
    expect(JSON.stringify(view.transcript)).toContain(
      'attempt 1 of the call 3.0 of pay, which was taken for one that never happened, has happened',
    )
    expect(world.notices).toContainEqual({ type: 'callCorrected', runId: run.id, callId: '3.0' })
    expect((await run.verify()).ok).toBe(true)
  })

  test.each(['after the call has been settled', 'after the run has ended'])('%s is recorded, once', async (when) => {
    const { attempts, world, run } = await timedOut(closed)
    world.clock.advance(1_000)
    await quiet()
    attempts[1]?.succeed('second')
    await settle(world, run)
    if (when.includes('ended')) await run.complete({ by: 'dana' })
    attempts[0]?.succeed('first')
    await quiet()
    expect(await corrections(world, run.id)).toEqual([first])
    expect((await run.verify()).ok).toBe(true)
    const views = memoryViewStore()
    await createProjector({ log: world.log, views }).catchUp()
    expect((await views.get(run.id))?.problem).toBeUndefined()
  })

  test('and says that it did not happen changes nothing', async () => {
    const { attempts, world, run } = await timedOut(closed)
    world.clock.advance(1_000)
    await quiet()
    attempts[0]?.fail(new ToolFailure('declined', { happened: false }))
    attempts[1]?.succeed('second')
    await settle(world, run)
    expect(await corrections(world, run.id)).toEqual([])
  })
})

describe('a correction', () => {
  test('is told of once the log holds it', async () => {
    let isAway = false
    const clock = manualClock()
    const log = troubledLog(memoryEventLog({ clock }), {
      onAppend: () => {
        if (isAway) throw unavailable()
      },
    })
    const { attempts, world, run } = await timedOut({}, { log, clock })
    await run.cancel({ by: 'dana', reason: 'enough' })
    isAway = true
    attempts[0]?.succeed('paid')
    await quiet()
    const isTold = () => world.notices.some(({ type }) => type === 'callCorrected')
    expect(isTold()).toBe(false)
    isAway = false
    world.clock.advance(60_000)
    await quiet()
    expect(isTold()).toBe(true)
  })
})

describe('a run that is reopened while an attempt of before has not returned', () => {
  const intent = (_: unknown, _params: Record<string, unknown>): void => undefined

  /** Pays, and looks at something that its chart cannot take in until it is repaired. */
  const reopened = async (owner: string, ownerIsGone: (other: string) => boolean) => {
    let paid = 0
    let isRepaired = false
    const common = { description: 'Does it', input: z.object({}), output: z.string() }
    const pay = defineTool({
      ...common,
      name: 'pay',
      effect: 'once',
      timeoutMs: 1_000,
      execute: () => new Promise<string>(() => void (paid += 1)),
      lookup: () => Promise.resolve({ found: 'nothing' }),
    })
    const look = defineTool({ ...common, name: 'look', effect: 'read', execute: () => Promise.resolve('seen') })
    const chart = setup({
      types: { context: {} as { seen: string }, events: {} as ChartEvent },
      actions: {
        callTool: intent,
        note: assign(() => {
          if (!isRepaired) throw new Error('it fell over')
          return { seen: 'yes' }
        }),
      },
    }).createMachine({
      id: 'fragile',
      context: () => ({ seen: '' }),
      entry: [
        { type: 'callTool', params: () => ({ tool: 'pay', key: 'pay' }) },
        { type: 'callTool', params: () => ({ tool: 'look', key: 'look' }) },
      ],
      initial: 'begun',
      states: { begun: { on: { ToolCallSucceeded: { actions: 'note' } } } },
    })
    const agent = defineAgent({ name: 'fragile', version: '1', chart, tools: [pay, look], toolCalls: 'parallel' })
    const first = openWorld({ agents: [agent] })
    const { id } = await first.refold.start('fragile')
    await quiet()
    expect((await first.refold.run(id).state()).status).toBe('failed')
    isRepaired = true
    const world = owner === 'here/1/a' ? first : openWorld({ agents: [agent], log: first.log, clock: first.clock, owner, ownerIsGone })
    await world.refold.run(id).reopen({ by: 'ops' })
    for (let count = 0; count < 10; count++) {
      await quiet()
      world.clock.advance(1_000)
    }
    await quiet()
    return { paid: () => paid, types: await typesOf(world, id), reason: await reasonOf(world, id) }
  }

  test('in the same process asks a person', async () => {
    const { paid, types, reason } = await reopened('here/1/a', () => false)
    expect(types).toContain('ToolCallUnresolved')
    expect(reason).toContain('may still be under way in here/1/a')
    expect(paid()).toBe(1)
  })

  test('in another process asks a person where the one of before is not certainly gone', async () => {
    const { paid, reason } = await reopened('there/2/bb', () => false)
    expect(reason).toContain('may still be under way in here/1/a')
    expect(paid()).toBe(1)
  })

  test('in another process pays where the one of before is certainly gone', async () => {
    expect((await reopened('there/2/bb', () => true)).paid()).toBe(2)
  })
})
