import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import type { Run } from '../../../src/runtime/run-handle.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

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
