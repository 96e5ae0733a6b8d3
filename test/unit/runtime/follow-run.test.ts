import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { AppError } from '../../../src/errors.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import type { Model } from '../../../src/models/model.ts'
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

/** Worlds of several processes on one log; each has a model of its own. */
const besideEachOther = (model: () => Model) => {
  const agent = defineAgent({ name: 'clerk', version: '1', instructions: '', models: ['scripted/one'] })
  const clock = manualClock()
  const { log } = memoryStores({ clock })
  const world = (owner: string) => openWorld({ agents: [agent], models: { scripted: model() }, log, clock, owner })
  return { clock, log, world }
}

/** One that never answers. */
const silentModel = (): Model => ({ ...scriptedModel([answer('One.')]), call: () => new Promise(() => undefined) })

describe('whoever waits until a run has settled', () => {
  test('waits for what this process learns of it, and hears no event of it from the log', async () => {
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
    let subscriptions = 0
    const counted: EventLog = {
      ...log,
      readStream(stream, options) {
        reads += 1
        return log.readStream(stream, options)
      },
      subscribe(options) {
        subscriptions += 1
        return log.subscribe(options)
      },
    }
    const world = openWorld({ agents: [agent], models: { scripted: model }, log: counted, clock })
    const run = await world.refold.start('looker', { message: 'Look.' })
    expect(reads).toBe(0)
    const view = await settle(world, run)
    expect(view.waitsFor).toBe('message')
    expect((await eventsOf({ log }, run.id)).length).toBeGreaterThan(4 * turns)
    expect(reads).toBe(2)
    expect(subscriptions).toBe(0)
  })

  test('hears what others do to it while this process waits for a model', async () => {
    const { clock, world } = besideEachOther(silentModel)
    const [here, there] = [world('here/1/a'), world('there/2/bb')]
    const run = await here.refold.start('clerk', { message: 'Hello' })
    const settled = run.untilSettled()
    await nextTurn()
    await there.refold.run(run.id).cancel({ by: 'dana', reason: 'enough' })
    clock.advance(2_000)
    expect(await settled).toMatchObject({ status: 'cancelled', reason: 'enough' })
  })

  test('ends with the process that works on it', async () => {
    const { log, world } = besideEachOther(silentModel)
    const { refold } = world('here/1/a')
    const run = await refold.start('clerk', { message: 'Hello' })
    const settled = run.untilSettled()
    settled.catch(() => undefined)
    await nextTurn()
    refold.runtime.abandon(new AppError('Closed', 'It is over'))
    await log.close()
    await expect(settled).rejects.toMatchObject({ code: 'Closed' })
  })

  test('hears of it too where another process performs it', async () => {
    const { world } = besideEachOther(() => scriptedModel([answer('One.'), answer('Two.')]))
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
