import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import type { Run } from '../../../src/runtime/run-handle.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { memoryStores } from '../../../src/testing/memory-stores.ts'
import { eventsOf, manualClock, openWorld, settle } from '../../support/world.ts'

/** A run that was cancelled while one payment was under way, of which people have said different things since. */
const corrected = async (corrections: number) => {
  const pay = defineTool({
    name: 'pay',
    description: 'Pays',
    input: z.object({}),
    output: z.string(),
    effect: 'once',
    timeoutMs: 1_000,
    execute: () => new Promise<string>(() => undefined),
  })
  const agent = defineAgent({ name: 'payer', version: '1', instructions: '', models: ['scripted/one'], tools: [pay] })
  const model = scriptedModel([toolCalls([{ name: 'pay', arguments: {} }]), answer('Paid.')])
  const world = openWorld({ agents: [agent], models: { scripted: model } })
  const run = await world.refold.start('payer', { message: 'Pay.' })
  await settle(world, run)
  await run.cancel({ by: 'dana', reason: 'enough' })
  for (let count = 0; count < corrections; count++)
    await run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: true, output: `receipt ${count}` } })
  const events = await eventsOf(world, run.id)
  return { world, run, events, end: events.findIndex(({ type }) => type === 'RunCancelled') }
}

const followed = async (run: Run, from: number): Promise<string[]> => {
  const types: string[] = []
  for await (const { type, revision } of run.events({ from })) types.push(`${revision} ${type}`)
  return types
}

describe('whoever follows a run that has ended', () => {
  test.each([0, 1, 3])('from behind its end, with %i later words on a call, gets those and is at the end', async (corrections) => {
    const { run, events, end } = await corrected(corrections)
    for (let from = end + 1; from <= events.length; from++)
      expect(await followed(run, from)).toEqual(events.slice(from).map(({ type, revision }) => `${revision} ${type}`))
  })

  test('from before its end gets its end last', async () => {
    const { run, end } = await corrected(3)
    for (const from of [0, end - 1, end]) expect((await followed(run, from)).at(-1)).toBe(`${end} RunCancelled`)
  })
})

describe('whoever waits until a run has settled', () => {
  test('waits for what this process learns of it, and does not read each event again', async () => {
    const look = defineTool({
      name: 'look',
      description: 'Looks',
      input: z.object({ at: z.number() }),
      output: z.string(),
      effect: 'read',
      execute: async () => 'seen',
    })
    const agent = defineAgent({ name: 'looker', version: '1', instructions: '', models: ['scripted/one'], tools: [look] })
    const turns = 8
    const model = scriptedModel(({ messages }) =>
      messages.length < 2 * turns ? toolCalls([{ name: 'look', arguments: { at: messages.length } }]) : answer('Seen.'),
    )
    const clock = manualClock()
    const { log } = memoryStores({ clock })
    let reads = 0
    const counted: EventLog = {
      ...log,
      readStream(stream, options) {
        reads += 1
        return log.readStream(stream, options)
      },
    }
    const world = openWorld({ agents: [agent], models: { scripted: model }, log: counted, clock })
    const run = await world.refold.start('looker', { message: 'Look.' })
    const view = await settle(world, run)
    expect(view.waitsFor).toBe('message')
    expect((await eventsOf({ log }, run.id)).length).toBeGreaterThan(4 * turns)
    expect(reads).toBeLessThan(6)
  })

  test('hears of it too where another process performs it', async () => {
    const agent = defineAgent({ name: 'clerk', version: '1', instructions: '', models: ['scripted/one'] })
    const clock = manualClock()
    const { log } = memoryStores({ clock })
    const world = (owner: string) =>
      openWorld({ agents: [agent], models: { scripted: scriptedModel([answer('One.'), answer('Two.')]) }, log, clock, owner })
    const [here, there] = [world('here/1/a'), world('there/2/bb')]
    const run = await here.refold.start('clerk', { message: 'Hello' })
    expect(await settle(here, run)).toMatchObject({ answer: 'One.' })
    const waiting = here.refold.run(run.id).result({ signal: AbortSignal.timeout(60_000) })
    await there.refold.run(run.id).send({ message: 'And?' })
    const seen = await settle(there, there.refold.run(run.id))
    expect(await settle(here, run)).toEqual(seen)
    await there.refold.run(run.id).complete({ by: 'dana', output: 'done' })
    expect(await waiting).toBe('done')
  })
})
