import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memoryEventLog } from '../../../src/eventlog/event-log.memory.ts'
import { scriptedModel } from '../../../src/models/model.scripted.ts'
import { answer, toolCalls } from '../../../src/models/script.ts'
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

  test('a wish whose first append may be stored is never refused as not stored', async () => {
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
