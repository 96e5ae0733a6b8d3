import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { outcomeUnknown, troubledLog, unavailable } from '../../support/troubled-log.ts'
import { eventsOf, manualClock, openWorld, settle } from '../../support/world.ts'

const payer = (execute: () => Promise<string>) =>
  defineAgent({
    name: 'payer',
    version: '1',
    instructions: 'Pay.',
    models: ['scripted/one'],
    tools: [defineTool({ name: 'pay', description: 'Pays', input: z.object({}), output: z.string(), effect: 'once', execute })],
  })

const models = {
  scripted: scriptedModel(({ messages }) => (messages.length === 1 ? toolCalls([{ name: 'pay', arguments: {} }]) : answer('Paid.'))),
}

const turns = async (count = 50): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await nextTurn()
}

describe('while the log is away', () => {
  test('the result of an effect is kept until it can be read and written, and the effect does not begin again', async () => {
    const clock = manualClock()
    const inner = memoryEventLog({ clock })
    let paid = 0
    let away = 0
    const agent = payer(async () => {
      // Somebody else appends meanwhile, so the result meets a conflict and has to read, which fails for a while.
      await openWorld({ agents: [agent], models, log: inner, clock, owner: 'other/2/bb' })
        .refold.run('run-1')
        .send({ message: 'Hurry.' })
      away = 3
      return `paid ${++paid}`
    })
    const log = troubledLog(inner, {
      onRead: () => {
        if (away-- > 0) throw unavailable()
      },
    })
    const world = openWorld({ agents: [agent], models, log, clock })
    const run = await world.refold.start('payer', { message: 'Pay.', runId: 'run-1' })
    await turns()
    for (let retry = 0; retry < 5; retry++) {
      clock.advance(5_000)
      await turns()
    }
    expect(paid).toBe(1)
    expect((await settle(world, run)).waitsFor).toBe('message')
  })

  test('a command whose first append may be stored is never refused as not stored', async () => {
    const clock = manualClock()
    const inner = memoryEventLog({ clock })
    const troubles = [
      // Stored, but the answer is lost; and then the log is away.
      () => () => {
        throw outcomeUnknown()
      },
      () => {
        throw unavailable()
      },
    ]
    const log = troubledLog(inner, { onAppend: () => troubles.shift()?.() })
    const agent = payer(() => Promise.resolve('paid'))
    const world = openWorld({ agents: [agent], models, log, clock })
    const started = world.refold.start('payer', { runId: 'run-1' })
    started.catch(() => undefined)
    for (let retry = 0; retry < 3; retry++) {
      await turns()
      clock.advance(5_000)
    }
    await expect(started).resolves.toMatchObject({ id: 'run-1' })
    expect(await eventsOf(world, 'run-1')).toHaveLength(1)
  })

  test('a timer that came due then is not forgotten', async () => {
    const clock = manualClock()
    let away = false
    const log = troubledLog(memoryEventLog({ clock }), {
      onRead: () => {
        if (away) throw unavailable()
      },
    })
    let asked = 0
    const flaky = {
      scripted: scriptedModel(() =>
        asked++ === 0 ? { ok: false, class: 'server', message: 'down', retryAfterMs: 1_000 } : answer('Up again.'),
      ),
    }
    const world = openWorld({ agents: [payer(() => Promise.resolve(''))], models: flaky, log, clock })
    const run = await world.refold.start('payer', { message: 'Hello' })
    await turns()
    away = true
    clock.advance(10_000)
    await turns()
    away = false
    expect((await settle(world, run)).answer).toBe('Up again.')
  })
})

describe('while the log cannot be written', () => {
  /** A run whose tool has paid, and whose log takes nothing since. */
  const paidInVain = async () => {
    const clock = manualClock()
    const inner = memoryEventLog({ clock })
    const disk = { isFull: false }
    const log = troubledLog(inner, {
      onAppend: () => {
        if (disk.isFull) throw unavailable()
      },
    })
    let paid = 0
    const agent = payer(async () => {
      disk.isFull = true
      return Promise.resolve(`paid ${++paid}`)
    })
    const world = openWorld({ agents: [agent], models, log, clock })
    const run = await world.refold.start('payer', { message: 'Pay.', runId: 'run-1' })
    await turns()
    return { world, run, disk, clock, paid: () => paid }
  }

  test('the state of a run can be read, beside the result that waits', async () => {
    const { world, run, disk, clock } = await paidInVain()
    expect(await run.state()).toMatchObject({ state: 'acting', openEffects: [{ status: 'claimed' }] })
    expect((await run.at(0)).revision).toBe(0)
    const seen: string[] = []
    for await (const { type } of run.events({ signal: AbortSignal.timeout(20) })) seen.push(type)
    expect(seen.at(-1)).toBe('ToolCallRequested')
    disk.isFull = false
    clock.advance(5_000)
    expect((await settle(world, run)).answer).toBe('Paid.')
  })

  test('a command is refused at once, as one that may be repeated; and granted as soon as the log takes it', async () => {
    const { world, run, disk, clock, paid } = await paidInVain()
    const refused = { code: 'EventLogUnavailable', retryable: true }
    await expect(run.send({ message: 'Hurry.' })).rejects.toMatchObject(refused)
    await expect(run.cancel({ by: 'ann', reason: 'enough' })).rejects.toMatchObject(refused)
    await expect(world.refold.start('payer', { runId: 'run-1', message: 'Pay.' })).rejects.toMatchObject(refused)
    await expect(world.refold.runtime.wake('run-1')).rejects.toMatchObject(refused)
    disk.isFull = false
    clock.advance(5_000)
    await turns()
    await run.send({ message: 'Hurry.' })
    await settle(world, run)
    expect(paid()).toBe(1)
  })

  test('a command that waited when the first append failed is refused, too', async () => {
    const clock = manualClock()
    const gate = Promise.withResolvers<unknown>()
    const inner = memoryEventLog({ clock })
    const log: EventLog = {
      ...inner,
      append: async (stream, expected, events) => {
        if (events.some(({ type }) => type === 'ModelCallSucceeded')) await gate.promise
        return inner.append(stream, expected, events)
      },
    }
    const world = openWorld({ agents: [payer(() => Promise.resolve('paid'))], models, log, clock })
    const run = await world.refold.start('payer', { message: 'Pay.', runId: 'run-1' })
    await turns()
    const waiting = run.send({ message: 'Hurry.' })
    gate.reject(unavailable())
    await expect(waiting).rejects.toMatchObject({ code: 'EventLogUnavailable', retryable: true })
  })

  test('so many commands wait as memory has room for, and the next one is refused', async () => {
    const clock = manualClock()
    const inner = memoryEventLog({ clock })
    const gate = Promise.withResolvers<unknown>()
    const log: EventLog = {
      ...inner,
      append: async (stream, expected, events) => {
        if (events.some(({ type }) => type === 'ModelCallSucceeded')) await gate.promise
        return inner.append(stream, expected, events)
      },
    }
    const world = openWorld({ agents: [payer(() => Promise.resolve('paid'))], models, log, clock })
    const run = await world.refold.start('payer', { message: 'Pay.', runId: 'run-1' })
    await turns()
    const sent = Array.from({ length: 1_200 }, (_, number) => run.send({ message: `${number}` }))
    const refused: unknown[] = []
    for (const sending of sent) sending.catch((error: unknown) => refused.push(error))
    await turns()
    expect(refused).toHaveLength(200)
    expect(refused[0]).toMatchObject({ code: 'EventLogUnavailable', retryable: true })
    expect((await run.state()).revision).toBe(2)
  })

  test('who waits gives up with the signal', async () => {
    const { run } = await paidInVain()
    const stop = new AbortController()
    const waiting = [run.untilSettled({ signal: stop.signal }), run.result({ signal: stop.signal })]
    stop.abort()
    for (const given of await Promise.allSettled(waiting)) expect(given).toMatchObject({ reason: { code: 'Closed' } })
  })

  test('a process that closes ends, tries no more, and tells of no run that is broken', async () => {
    const { world, clock } = await paidInVain()
    const closing = world.refold.close({ graceMs: 1_000 })
    for (let step = 0; step < 10; step++) {
      clock.advance(500)
      await turns()
    }
    await closing
    expect(clock.next()).toBe(false)
    expect(world.notices.filter(({ type }) => type === 'runBroken')).toEqual([])
    await expect(world.refold.run('run-1').send({ message: 'Hurry.' })).rejects.toMatchObject({ code: 'Closed' })
  })
})
