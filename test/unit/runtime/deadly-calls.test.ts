import { textsOf } from '../../../src/events/content.ts'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { Models } from '../../../src/models/model.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, manualClock, openWorld, settle, type World } from '../../support/world.ts'

/** Ends its process: nothing ever comes of it. */
const never = (): Promise<string> => new Promise(() => undefined)

type LookUp = (life: string) => Promise<{ readonly found: 'succeeded'; readonly output: string }>

interface Code {
  readonly effect: 'read' | 'idempotent' | 'once'
  readonly execute: (life: string) => Promise<string>
  readonly lookUp: LookUp | undefined
}

const agentWith = ({ effect, execute, lookUp }: Code, life: string) =>
  defineAgent({
    name: 'desk',
    version: '1',
    instructions: 'Work.',
    models: ['scripted/one'],
    modelTimeoutMs: 60_000,
    tools: [
      defineTool({
        name: 'convert',
        description: 'Converts a picture',
        input: z.object({ of: z.string() }),
        output: z.string(),
        effect,
        execute: () => execute(life),
        ...(lookUp === undefined ? {} : { lookup: () => lookUp(life) }),
      }),
    ],
  })

const scripted: Models = {
  scripted: scriptedModel(({ messages }) => {
    const last = messages.at(-1)
    return last?.role === 'user' ? toolCalls([{ name: 'convert', arguments: { of: textsOf(last.parts) } }]) : answer('Done.')
  }),
}

interface Life extends World {
  readonly name: string
}

interface Lives {
  readonly log: EventLog
  /** A process that knows that all earlier ones have ended. It is `atMs` since the beginning. */
  next(atMs?: number): Life
}

interface LivesOptions {
  readonly effect?: 'read' | 'idempotent' | 'once'
  readonly execute?: (life: string) => Promise<string>
  readonly lookUp?: LookUp
  readonly models?: Models
  readonly mostLostOwners?: number
}

const lives = ({ effect = 'idempotent', execute = never, lookUp, models = scripted, mostLostOwners }: LivesOptions = {}): Lives => {
  const log = memoryEventLog({ clock: manualClock() })
  let count = 0
  return {
    log,
    next(atMs = 0) {
      const name = `host/${++count}/a`
      const clock = manualClock()
      clock.advance(atMs)
      const options = { log, clock, owner: name, ownerIsGone: (owner: string) => owner !== name && owner.startsWith('host/') }
      const agents = [agentWith({ effect, execute, lookUp }, name)]
      return { name, ...openWorld({ agents, models, ...options, ...(mostLostOwners === undefined ? {} : { mostLostOwners }) }) }
    },
  }
}

const turns = async (count = 50): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await nextTurn()
}

const claimsOf = async (life: Life, runId: string) =>
  (await eventsOf(life, runId)).flatMap(({ type, data }) =>
    type === 'ToolCallRequested' ? [{ owner: data.owner, lostOwners: data.lostOwners }] : [],
  )

const takenOver = ({ notices }: Life) => notices.filter(({ type }) => type === 'callTakenOver')

describe('a call that ends its process', () => {
  test.each(['read', 'idempotent'] as const)(
    'is taken over once at once, then later, and then given up, where it is %s',
    async (effect) => {
      const { next } = lives({ effect })
      const first = next()
      const { id } = await first.refold.start('desk', { message: 'a.png' })
      await turns()

      const second = next()
      await second.refold.runtime.wake(id)
      await turns()
      const call = { type: 'callTakenOver', runId: id, callId: '3.0', tool: 'convert' }
      expect(takenOver(second)).toEqual([{ ...call, attempt: 1, owner: first.name, lostOwners: 1, then: 'begunAgain' }])

      const third = next()
      await third.refold.runtime.wake(id)
      await turns()
      expect(takenOver(third)).toEqual([{ ...call, attempt: 2, owner: second.name, lostOwners: 2, then: 'heldBack' }])
      // Others that look meanwhile leave it alone.
      const other = next(10_000)
      await other.refold.runtime.wake(id)
      await turns()
      expect(takenOver(other)).toEqual([])
      const claims = [
        { owner: first.name, lostOwners: undefined },
        { owner: second.name, lostOwners: 1 },
        { owner: 'nobody', lostOwners: 2 },
      ]
      expect(await claimsOf(third, id)).toEqual(claims)

      const fourth = next(20_000)
      await fourth.refold.runtime.wake(id)
      await turns()
      expect(takenOver(fourth)).toEqual([{ ...call, attempt: 3, owner: 'nobody', lostOwners: 2, then: 'begunAgain' }])

      const fifth = next(20_000)
      await fifth.refold.runtime.wake(id)
      expect(takenOver(fifth)).toEqual([{ ...call, attempt: 4, owner: fourth.name, lostOwners: 3, then: 'givenUp' }])
      await settle(fifth, fifth.refold.run(id))
      const events = await eventsOf(fifth, id)
      expect(await claimsOf(fifth, id)).toEqual([...claims, { owner: fourth.name, lostOwners: 2 }])
      expect(events.find(({ type }) => type === 'ToolCallFailed')?.data).toEqual({
        callId: '3.0',
        attempt: 4,
        class: 'error',
        message: 'given up: 3 processes ended while they performed it',
        ...(effect === 'read' ? {} : { happened: 'unknown' }),
      })
      expect(events.at(-1)?.type).toBe('TurnCompleted')
      expect((await fifth.refold.run(id).verify()).ok).toBe(true)
    },
  )

  test('is never begun again where it happens once, and whoever finds it says so', async () => {
    const { next } = lives({ effect: 'once' })
    const first = next()
    const { id } = await first.refold.start('desk', { message: 'a.png' })
    await turns()
    const second = next()
    await second.refold.runtime.wake(id)
    expect(takenOver(second)).toMatchObject([{ tool: 'convert', attempt: 1, owner: first.name, lostOwners: 1, then: 'unresolved' }])
  })

  test('is taken over as often as the settings say, after pauses that grow', async () => {
    const { next } = lives({ mostLostOwners: 6 })
    const first = next()
    const { id } = await first.refold.start('desk', { message: 'a.png' })
    await turns()
    const said: unknown[] = []
    const look = async (atMs: number): Promise<void> => {
      const life = next(atMs)
      await life.refold.runtime.wake(id)
      await turns()
      said.push(...takenOver(life).map((notice) => 'then' in notice && [atMs, notice.lostOwners, notice.then]))
    }
    await look(0)
    let at = 0
    for (const pauseMs of [15_000, 60_000, 240_000, 600_000]) {
      await look(at)
      // A lease of somebody else counts two seconds longer.
      await look(at + pauseMs + 2_000)
      at += pauseMs + 2_001
      await look(at)
    }
    await look(at)
    expect(said).toEqual([
      [0, 1, 'begunAgain'],
      [0, 2, 'heldBack'],
      [17_001, 2, 'begunAgain'],
      [17_001, 3, 'heldBack'],
      [79_002, 3, 'begunAgain'],
      [79_002, 4, 'heldBack'],
      [321_003, 4, 'begunAgain'],
      [321_003, 5, 'heldBack'],
      [923_004, 5, 'begunAgain'],
      [923_004, 6, 'givenUp'],
    ])
  })

  test('is given up at the first owner that is lost, where the settings say so, and after none by settings that are no number', async () => {
    const { next } = lives({ mostLostOwners: 1 })
    const first = next()
    const { id } = await first.refold.start('desk', { message: 'a.png' })
    await turns()
    const second = next()
    await second.refold.runtime.wake(id)
    expect(takenOver(second)).toMatchObject([{ attempt: 1, lostOwners: 1, then: 'givenUp' }])
    for (const mostLostOwners of [0, -1, 1.5, Number.NaN]) {
      expect(() => lives({ mostLostOwners }).next()).toThrow(/mostLostOwners to be a whole number above 0, found/)
    }
  })

  test('is one of the model as well', async () => {
    const { next } = lives({ models: { scripted: { isFree: true, call: () => new Promise(() => undefined) } } })
    const { id } = await next().refold.start('desk', { message: 'a.png' })
    await turns()
    for (const atMs of [0, 0, 20_000, 20_000]) {
      await next(atMs).refold.runtime.wake(id)
      await turns()
    }
    const last = next(20_000)
    const view = await settle(last, last.refold.run(id))
    expect(view.waitsFor).toBe('human')
    expect((await eventsOf(last, id)).find(({ type }) => type === 'ModelCallFailed')?.data).toMatchObject({
      message: 'given up: 3 processes ended while they performed it',
    })
  })
})

describe('a look-up that ends its process', () => {
  test('is taken over like a call, and given up in the end: then a person has to know', async () => {
    const asked: string[] = []
    const lookUp = (life: string): Promise<never> => {
      asked.push(life)
      return new Promise(() => undefined)
    }
    const { next } = lives({ effect: 'once', lookUp })
    const { id } = await next().refold.start('desk', { message: 'a.png' })
    await turns()
    const told: unknown[] = []
    for (const atMs of [0, 0, 0, 0, 20_000, 20_000]) {
      const life = next(atMs)
      await life.refold.runtime.wake(id)
      await turns()
      told.push(...takenOver(life).map((notice) => 'then' in notice && [atMs, notice.lostOwners, notice.then]))
    }
    expect(told).toEqual([
      [0, 1, 'unresolved'],
      [0, 1, 'begunAgain'],
      [0, 2, 'heldBack'],
      [20_000, 2, 'begunAgain'],
      [20_000, 3, 'givenUp'],
    ])
    expect(asked).toEqual(['host/2/a', 'host/3/a', 'host/6/a'])
    const last = next(20_000)
    const run = last.refold.run(id)
    expect((await settle(last, run)).waitsFor).toBe('human')
    expect((await eventsOf(last, id)).at(-1)).toMatchObject({
      type: 'RunEscalated',
      data: { callId: '3.0', reason: 'the look-up was given up: 3 processes ended while they performed it' },
    })
    await run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: true, output: 'converted' } })
    expect((await settle(last, run)).answer).toBe('Done.')
    expect((await run.verify()).ok).toBe(true)
  })

  test('is made by one process at a time', async () => {
    const asked: string[] = []
    const lookUp = (life: string): Promise<{ readonly found: 'succeeded'; readonly output: string }> => {
      asked.push(life)
      return life === 'host/2/a' ? new Promise(() => undefined) : Promise.resolve({ found: 'succeeded', output: 'converted' })
    }
    const { log, next } = lives({ effect: 'once', lookUp })
    const { id } = await next().refold.start('desk', { message: 'a.png' })
    await turns()
    const second = next()
    await second.refold.runtime.wake(id)
    await turns()
    // A process that cannot know whether another has ended.
    const agents = [agentWith({ effect: 'once', execute: never, lookUp }, 'elsewhere')]
    const stranger = openWorld({ agents, models: scripted, log, clock: manualClock(), owner: 'elsewhere/1/a' })
    await stranger.refold.runtime.wake(id)
    await turns()
    expect(asked).toEqual(['host/2/a'])
    const third = next()
    await third.refold.runtime.wake(id)
    expect((await settle(third, third.refold.run(id))).answer).toBe('Done.')
    expect(asked).toEqual(['host/2/a', 'host/3/a'])
  })
})

describe('calls that were under way beside one that ends its process', () => {
  test('are performed alone once they have lost two owners, so that none is given up for another', async () => {
    const begun: string[] = []
    const gate = Promise.withResolvers<string>()
    const finish = (): void => {
      gate.resolve('converted')
    }
    const { next } = lives({
      execute: (life) => {
        begun.push(life)
        return life === 'host/4/a' ? gate.promise : never()
      },
    })
    const first = next()
    const ids = await Promise.all(['a.png', 'b.png', 'c.png'].map(async (message) => (await first.refold.start('desk', { message })).id))
    await turns()
    const second = next()
    for (const id of ids) await second.refold.runtime.wake(id)
    await turns()
    expect(takenOver(second)).toHaveLength(3)
    const third = next()
    for (const id of ids) await third.refold.runtime.wake(id)
    await turns()
    expect(takenOver(third)).toMatchObject(ids.map((runId) => ({ runId, then: 'heldBack' })))
    const fourth = next(20_000)
    await Promise.all(ids.map((id) => fourth.refold.runtime.wake(id)))
    await turns()
    // The others wait for their turn.
    expect(begun).toEqual(['host/1/a', 'host/1/a', 'host/1/a', 'host/2/a', 'host/2/a', 'host/2/a', 'host/4/a'])
    finish()
    for (const id of ids) expect((await settle(fourth, fourth.refold.run(id))).answer).toBe('Done.')
    expect(begun.slice(6)).toEqual(['host/4/a', 'host/4/a', 'host/4/a'])
  })
})
