import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { streamOf } from '../../../src/events/codec.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { copiedLog } from '../../support/copied-log.ts'
import { eventsOf, manualClock, openWorld, settle, type ManualClock } from '../../support/world.ts'

const till = () => {
  const keys: string[] = []
  const tool = defineTool({
    name: 'charge',
    description: 'Charges an order',
    input: z.object({ order: z.number() }),
    output: z.unknown(),
    effect: 'idempotent',
    execute: async (_, { idempotencyKey }) => {
      keys.push(idempotencyKey)
      return { receipt: keys.length }
    },
  })
  return { keys, agent: defineAgent({ name: 'clerk', version: '1', instructions: '', models: ['scripted/one'], tools: [tool] }) }
}

const charges = (count: number) => toolCalls(Array.from({ length: count }, (_, order) => ({ name: 'charge', arguments: { order } })))

const answers = [charges(2), charges(1), answer('Done.'), charges(1), answer('Again.')]

/** How far the conversation is, the request tells. */
const script = () =>
  scriptedModel(({ messages }) => answers[messages.filter(({ role }) => role === 'assistant').length] ?? answer('Enough.'))

/** A process on a log, and the keys under which it charges. */
const work = async (log: EventLog, clock: ManualClock, owner: string) => {
  const { keys, agent } = till()
  const world = openWorld({ agents: [agent], models: { scripted: script() }, log, clock, owner, ownerIsGone: (other) => other !== owner })
  return { world, keys }
}

const charge = async (log: EventLog, clock: ManualClock): Promise<string[]> => {
  const { world, keys } = await work(log, clock, 'first')
  const run = await world.refold.start('clerk', { runId: 'run-1', message: 'charge all' })
  await settle(world, run)
  await run.send({ message: 'and again' })
  await settle(world, run)
  return keys
}

describe('the idempotency key of a call', () => {
  test('is the same wherever a run goes on from an older copy of its log', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const original = await charge(log, clock)
    expect(new Set(original).size).toBe(4)
    const positions: number[] = []
    for await (const { position } of log.readStream(streamOf('run-1'))) positions.push(position)
    for (const upTo of positions) {
      const copy = await copiedLog(log, { clock, upTo })
      const { world, keys } = await work(copy, clock, 'restored')
      const run = world.refold.run('run-1')
      await world.refold.runtime.wake('run-1')
      const { waitsFor } = await settle(world, run)
      const turns = (await eventsOf(world, 'run-1')).filter(({ type }) => type === 'TurnCompleted').length
      if (waitsFor === 'message' && turns === 1) {
        await run.send({ message: 'and again' })
        await settle(world, run)
      }
      expect(original, `copied up to ${upTo}`).toEqual(expect.arrayContaining(keys))
    }
  })

  test('is another where the customer asks for something else after the copy was restored', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const original = await charge(log, clock)
    const end = (await eventsOf({ log }, 'run-1')).findIndex(({ type }) => type === 'TurnCompleted')
    let upTo = 0
    for await (const { position, revision } of log.readStream(streamOf('run-1'))) if (revision === end) upTo = position
    const { world, keys } = await work(await copiedLog(log, { clock, upTo }), clock, 'restored')
    await world.refold.run('run-1').send({ message: 'charge something else' })
    await settle(world, world.refold.run('run-1'))
    expect(keys).toHaveLength(1)
    expect(original).not.toContain(keys[0])
  })
})
