import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createProjector } from '../../../src/consumers/projector.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { ToolFailure, type ToolOptions } from '../../../src/tools/tool.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

type Options = Partial<ToolOptions<{ amount: number }, unknown>>

interface Way {
  succeed(output: unknown): Promise<void>
  fail(error: Error): Promise<void>
}

const turns = async (): Promise<void> => {
  for (let count = 0; count < 20; count++) await new Promise((resolve) => setImmediate(resolve))
}

/** A payment that is under way until it is told how it ends. */
const paying = async (options: Options = {}) => {
  let settlePay: { resolve: (output: unknown) => void; reject: (error: Error) => void } | undefined
  const pay = defineTool<{ amount: number }, unknown>({
    name: 'pay',
    description: 'Moves money',
    input: z.object({ amount: z.number() }),
    output: z.object({ receipt: z.string() }),
    effect: 'once',
    timeoutMs: 60_000,
    execute: () => new Promise((resolve, reject) => (settlePay = { resolve, reject })),
    ...options,
  })
  const agent = defineAgent({ name: 'teller', version: '1', instructions: '', models: ['scripted/one'], tools: [pay] })
  const model = scriptedModel([toolCalls([{ name: 'pay', arguments: { amount: 5 } }]), answer('Done.'), answer('I see.')])
  const world = openWorld({ agents: [agent], models: { scripted: model } })
  const run = await world.refold.start('teller', { message: 'Pay' })
  await turns()
  const way: Way = {
    succeed: async (output) => {
      settlePay?.resolve(output)
      await turns()
    },
    fail: async (error) => {
      settlePay?.reject(error)
      await turns()
    },
  }
  const types = async () => (await eventsOf(world, run.id)).map(({ type }) => type)
  const last = async () => (await eventsOf(world, run.id)).at(-1)
  return { world, run, way, types, last }
}

const paid = { receipt: 'R-5' }

describe('a payment under way in a run that is cancelled', () => {
  test('is a question until somebody knows what became of it', async () => {
    const { run } = await paying()
    await run.cancel({ by: 'dana', reason: 'enough' })
    expect(await run.state()).toMatchObject({ status: 'cancelled', unresolved: [{ callId: '3.0', tool: 'pay', input: { amount: 5 } }] })
    expect((await run.verify()).ok).toBe(true)
  })

  test('that succeeds all the same is recorded behind the end', async () => {
    const { run, way, last } = await paying()
    await run.cancel({ by: 'dana', reason: 'enough' })
    await way.succeed(paid)
    expect(await last()).toMatchObject({
      type: 'ToolCallCorrected',
      data: { callId: '3.0', succeeded: true, output: paid, settledBy: 'tool' },
    })
    expect(await run.state()).toMatchObject({ status: 'cancelled', unresolved: [] })
    expect((await run.verify()).ok).toBe(true)
  })

  test('that says that it did not happen is no question any more; one that was merely stopped is', async () => {
    const refused = await paying()
    await refused.run.cancel({ by: 'dana', reason: 'enough' })
    await refused.way.fail(new ToolFailure('declined', { happened: false }))
    expect(await refused.last()).toMatchObject({ type: 'ToolCallCorrected', data: { succeeded: false, message: 'declined' } })
    const stopped = await paying()
    await stopped.run.cancel({ by: 'dana', reason: 'enough' })
    await stopped.way.fail(new Error('aborted'))
    expect((await stopped.run.state()).unresolved).toHaveLength(1)
  })

  test('is looked up when its time is up', async () => {
    const { world, run, last } = await paying({ lookup: () => Promise.resolve({ found: 'succeeded', output: paid }) })
    await run.cancel({ by: 'dana', reason: 'enough' })
    world.clock.advance(60_000)
    await turns()
    expect(await last()).toMatchObject({ type: 'ToolCallCorrected', data: { succeeded: true, output: paid, settledBy: 'lookup' } })
  })

  test('is settled by a person after the end, and nothing else is recorded then', async () => {
    const { run, types } = await paying()
    await run.cancel({ by: 'dana', reason: 'enough' })
    await run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: true, output: paid } })
    expect((await types()).slice(-2)).toEqual(['RunCancelled', 'ToolCallCorrected'])
    await expect(run.send({ message: 'Hello?' })).rejects.toMatchObject({ code: 'NotPossible' })
    await expect(run.settleToolCall('3.1', { by: 'dana', outcome: { succeeded: true, output: paid } })).rejects.toMatchObject({
      code: 'NotPossible',
    })
    expect((await run.verify()).ok).toBe(true)
  })
})

describe('the views of a run that was cancelled while it paid', () => {
  const viewed = async ({ log }: { readonly log: EventLog }) => {
    const views = memoryViewStore()
    await createProjector({ log, views }).catchUp()
    const rows = async (name: 'stuck' | 'tool-calls') => (await views.query(name, { limit: 10 }, 1_700_000_000_000)).rows
    return { stuck: await rows('stuck'), calls: await rows('tool-calls') }
  }

  test('show the call as unresolved, and the run as stuck, until somebody knows', async () => {
    const { world, run, way } = await paying()
    await run.cancel({ by: 'dana', reason: 'enough' })
    const before = await viewed(world)
    expect(before.stuck).toMatchObject([{ run_id: run.id, why: 'unresolved' }])
    expect(before.calls).toMatchObject([{ call_id: '3.0', state: 'unresolved' }])
    await way.succeed(paid)
    const after = await viewed(world)
    expect(after.stuck).toEqual([])
    expect(after.calls).toMatchObject([{ call_id: '3.0', state: 'succeeded', output: JSON.stringify(paid) }])
  })

  test('show what a correction says', async () => {
    const { world, run } = await paying({ timeoutMs: 1_000 })
    await settle(world, run)
    await run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: true, output: paid } })
    await settle(world, run)
    await run.settleToolCall('3.0', { by: 'eve', outcome: { succeeded: false, message: 'it bounced' } })
    expect((await viewed(world)).calls).toMatchObject([{ state: 'failed', settled_by: 'eve', error_message: 'it bounced' }])
  })
})

describe('what a person says of a call', () => {
  const unresolved = async (options: Options = {}) => {
    const begun = await paying({ timeoutMs: 1_000, ...options })
    await settle(begun.world, begun.run)
    return begun
  }

  test('has to be what its tool could have given', async () => {
    const { run } = await unresolved()
    await expect(run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: true, output: { receipt: 7 } } })).rejects.toMatchObject({
      code: 'InvalidInput',
      message: expect.stringContaining('receipt') as string,
    })
    await run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: true, output: paid } })
  })

  test('is recorded as the schema of its tool leaves it, as what the tool itself brings is', async () => {
    const output = z.object({ receipt: z.string().trim(), fee: z.number().default(0) })
    const { run, world, last } = await unresolved({ output })
    await run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: true, output: { receipt: ' R-5 ', seen: 'on paper' } } })
    const events = await eventsOf(world, run.id)
    expect(events.find(({ type }) => type === 'ToolCallSucceeded')).toMatchObject({ data: { output: { receipt: 'R-5', fee: 0 } } })
    await settle(world, run)
    await run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: true, output: { receipt: 'R-6 ', seen: 'on paper' } } })
    expect((await last())?.data).toMatchObject({ output: { receipt: 'R-6', fee: 0 } })
    expect((await last())?.data).not.toHaveProperty('output.seen')
  })

  test.each([
    ['that it happened', { succeeded: true, output: paid } as const],
    ['that it did not', { succeeded: false, message: 'it bounced' } as const],
  ])('and says again, %s, is recorded once', async (_, outcome) => {
    const { run, world, types } = await unresolved()
    for (let count = 0; count < 3; count++) await run.settleToolCall('3.0', { by: 'dana', outcome })
    await settle(world, run)
    await run.settleToolCall('3.0', { by: 'eve', outcome: { ...outcome } })
    expect(await types()).not.toContain('ToolCallCorrected')
    await run.settleToolCall('3.0', { by: 'eve', outcome: { succeeded: false, message: 'another reason' } })
    for (let count = 0; count < 3; count++) await run.settleToolCall('3.0', { by: 'dana', outcome })
    expect((await types()).filter((type) => type === 'ToolCallCorrected')).toHaveLength(2)
  })

  test('can be corrected, and the model is told with its next prompt', async () => {
    const { world, run } = await unresolved()
    await run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: false, message: 'the bank has no such payment' } })
    await settle(world, run)
    await run.settleToolCall('3.0', { by: 'eve', outcome: { succeeded: true, output: paid } })
    const before = await run.state()
    await run.send({ message: 'And now?' })
    const after = await settle(world, run)
    expect(after.transcript.slice(0, before.transcript.length)).toEqual(before.transcript)
    expect(after.transcript.slice(before.transcript.length, -1)).toEqual([
      { role: 'user', parts: textContent('Correction: the call 3.0 of pay has happened, says eve: {"receipt":"R-5"}') },
      { role: 'user', parts: textContent('And now?') },
    ])
    expect((await run.verify()).ok).toBe(true)
  })

  test('is corrected by the late word of the tool, which is told', async () => {
    const { world, run, way, last } = await unresolved()
    await run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: false, message: 'it is not in the books' } })
    await settle(world, run)
    await way.succeed(paid)
    expect(await last()).toMatchObject({ type: 'ToolCallCorrected', data: { succeeded: true, output: paid, settledBy: 'tool' } })
    expect(world.notices).toContainEqual({ type: 'callCorrected', runId: run.id, callId: '3.0' })
  })

  test('that the tool confirms late is not recorded twice', async () => {
    const { world, run, way, types } = await unresolved()
    await run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: true, output: paid } })
    await settle(world, run)
    await way.succeed(paid)
    expect(await types()).not.toContain('ToolCallCorrected')
  })

  test('that the tool says otherwise, late, is corrected where only the output differs', async () => {
    const { world, run, way, last } = await unresolved()
    await run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: true, output: { receipt: 'R-4' } } })
    await settle(world, run)
    await way.succeed(paid)
    expect(await last()).toMatchObject({ type: 'ToolCallCorrected', data: { succeeded: true, output: paid, settledBy: 'tool' } })
  })

  test('of a call that has said itself what became of it is refused', async () => {
    const { run, world, way } = await paying()
    await way.succeed(paid)
    await settle(world, run)
    await expect(run.settleToolCall('3.0', { by: 'dana', outcome: { succeeded: false, message: 'no' } })).rejects.toMatchObject({
      code: 'NotPossible',
    })
  })
})

describe('an `idempotent` call that was given up as uncertain', () => {
  test('and succeeds late is corrected', async () => {
    const { world, run, way, last } = await paying({ effect: 'idempotent', timeoutMs: 1_000, retry: { attempts: 1 } })
    await settle(world, run)
    await way.succeed(paid)
    expect(await last()).toMatchObject({ type: 'ToolCallCorrected', data: { succeeded: true, settledBy: 'tool' } })
  })
})
