import { textsOf } from '../../../src/events/content.ts'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { createActorPool, type PoolLimits } from '../../../src/runtime/actors/actor-pool.ts'
import { defineAgent, type Agent } from '../../../src/runtime/agent.ts'
import type { Job } from '../../../src/runtime/actors/jobs.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { troubledLog, unavailable } from '../../support/troubled-log.ts'
import { eventsOf, manualClock, openWorld, settle } from '../../support/world.ts'

const clerk = (pay: (order: string) => Promise<string>): Agent =>
  defineAgent({
    name: 'clerk',
    version: '1',
    instructions: 'Pay.',
    models: ['scripted/one'],
    tools: [
      defineTool({
        name: 'pay',
        description: 'Pays',
        input: z.object({ order: z.string() }),
        output: z.string(),
        effect: 'once',
        concurrency: 1,
        timeoutMs: 60_000,
        execute: ({ order }) => pay(order),
      }),
    ],
  })

const models = {
  scripted: scriptedModel(({ messages }) => {
    const last = messages.at(-1)
    return last?.role === 'user' && textsOf(last.parts).startsWith('order')
      ? toolCalls([{ name: 'pay', arguments: { order: textsOf(last.parts) } }])
      : answer('Paid.')
  }),
}

const turns = async (count = 60): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await nextTurn()
}

describe.for([0, 1, 2])('with %i idle runs in memory', (idleRunsInMemory) => {
  test('a run that waits for a place is one run: its claim, acknowledged late, is performed once though a message came meanwhile', async () => {
    const clock = manualClock()
    const paid: string[] = []
    const first = Promise.withResolvers<string>()
    const acknowledgement = Promise.withResolvers<unknown>()
    const log = troubledLog(memoryEventLog({ clock }), {
      onAppend: (stream, events) =>
        stream.endsWith('second') && events.some(({ type }) => type === 'ToolCallRequested') ? () => acknowledgement.promise : undefined,
    })
    const agent = clerk((order) => {
      paid.push(order)
      return order === 'order 1' ? first.promise : Promise.resolve('paid')
    })
    const world = openWorld({ agents: [agent], models, log, clock, idleRunsInMemory })
    await world.refold.start('clerk', { message: 'order 1', runId: 'first' })
    await turns()
    const second = await world.refold.start('clerk', { message: 'order 2', runId: 'second' })
    await turns()
    // Others come and go, so that an idle run would be forgotten.
    for (const number of [3, 4, 5]) await settle(world, await world.refold.start('clerk', { message: 'Hello', runId: `other-${number}` }))
    first.resolve('paid')
    await turns()
    void second.send({ message: 'How is it going?' })
    await turns()
    acknowledgement.resolve(undefined)
    await turns()
    expect(paid).toEqual(['order 1', 'order 2'])
    expect(await settle(world, second)).toMatchObject({ waitsFor: 'message', answer: 'Paid.' })
    expect((await second.verify()).ok).toBe(true)
  })

  test('a log that breaks off in the middle of a read shows no old claim that is begun again', async () => {
    const clock = manualClock()
    let breaksAfter = Infinity
    const inner = memoryEventLog({ clock })
    const log: EventLog = {
      ...inner,
      async *readStream(stream, options) {
        let left = breaksAfter
        for await (const event of inner.readStream(stream, options)) {
          if (left-- === 0) throw unavailable()
          yield event
        }
      },
    }
    let paid = 0
    const world = openWorld({ agents: [clerk(() => Promise.resolve(`paid ${++paid}`))], models, log, clock, idleRunsInMemory })
    const run = await world.refold.start('clerk', { message: 'order 1', runId: 'first' })
    await settle(world, run)
    const claimedAt = (await eventsOf({ log: inner }, 'first')).findIndex(({ type }) => type === 'ToolCallRequested')
    for (const number of [3, 4, 5]) await settle(world, await world.refold.start('clerk', { message: 'Hello', runId: `other-${number}` }))
    breaksAfter = claimedAt + 1
    const again = () => world.refold.start('clerk', { message: 'order 1', runId: 'first' })
    await expect(again()).rejects.toMatchObject({ code: 'EventLogUnavailable' })
    breaksAfter = Infinity
    await again()
    await turns()
    expect(paid).toBe(1)
  })
})

describe('commands that wait for the log', () => {
  const waitingFor = (limits: Partial<PoolLimits>) => {
    const gate = Promise.withResolvers<never>()
    gate.promise.catch(() => undefined)
    const actor = { submit: () => gate.promise, read: () => gate.promise, reach: () => gate.promise, watch: () => () => undefined }
    return createActorPool(() => actor, { mostIdle: 0, ...limits })
  }
  const command = (length: number): Job => ({ decide: () => ({ facts: [] }), length })
  const refused = { code: 'EventLogUnavailable', retryable: true }

  test('are as many as memory has room for, of all runs together', async () => {
    const pool = waitingFor({ mostWaiting: 3 })
    for (const runId of ['a', 'b', 'c']) void pool.submit(runId, command(1))
    await expect(pool.submit('d', command(1))).rejects.toMatchObject(refused)
  })

  test('are as long as memory has room for, and a result is never refused', async () => {
    const pool = waitingFor({ mostWaitingLength: 100 })
    void pool.submit('a', command(60))
    await expect(pool.submit('b', command(41))).rejects.toMatchObject(refused)
    void pool.submit('b', command(40))
    expect(await Promise.race([pool.submit('c', { ...command(60), insistent: true }), nextTurn('waits')])).toBe('waits')
  })
})
