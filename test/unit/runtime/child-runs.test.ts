import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { Json } from '../../../src/json.ts'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { troubledLog, unavailable } from '../../support/troubled-log.ts'
import { manualClock, openWorld, settle } from '../../support/world.ts'

const intent = (_: unknown, _params: Record<string, unknown>): void => undefined

const delegating = (agent: string) =>
  defineAgent({
    name: 'boss',
    version: '1',
    chart: setup({
      types: { context: {} as { output: Json }, events: {} as ChartEvent },
      actions: { startChildRun: intent },
    }).createMachine({
      id: 'boss',
      context: () => ({ output: null }),
      initial: 'delegating',
      output: ({ context }) => context.output,
      states: {
        delegating: {
          entry: { type: 'startChildRun', params: { agent, input: 'Find a hotel.', key: 'hotel' } },
          on: {
            ChildRunSucceeded: { target: 'done', actions: assign({ output: ({ event }) => event.output }) },
            ChildRunFailed: { target: 'failed', actions: assign({ output: ({ event }) => event.reason }) },
          },
        },
        done: { type: 'final' },
        failed: { type: 'final', tags: 'failed' },
      },
    }),
  })

const talker = defineAgent({ name: 'talker', version: '1', instructions: 'Talk.', models: ['scripted/one'] })
const clerk = defineAgent({
  name: 'clerk',
  version: '1',
  instructions: 'Count.',
  models: ['scripted/one'],
  output: z.object({ stars: z.number() }),
})

describe('a run that another run asks for', () => {
  test('answers with its typed output', async () => {
    const models = { scripted: scriptedModel([answer('{"stars":4}')]) }
    const world = openWorld({ agents: [delegating('clerk'), clerk], models })
    expect(await settle(world, await world.refold.start('boss'))).toMatchObject({ status: 'completed', output: { stars: 4 } })
  })

  test('answers with the text of its first turn where it is a conversation', async () => {
    const models = { scripted: scriptedModel([answer('The Grand.')]) }
    const world = openWorld({ agents: [delegating('talker'), talker], models })
    const run = await world.refold.start('boss', { runId: 'run-1' })
    expect(await settle(world, run)).toMatchObject({ status: 'completed', output: 'The Grand.' })
    expect(await world.refold.run('run-1.hotel-1').state()).toMatchObject({ status: 'completed', output: 'The Grand.' })
  })

  test('is begun once the log is back, and has not failed because it was away', async () => {
    const clock = manualClock()
    let away = 2
    const log = troubledLog(memoryEventLog({ clock }), {
      onAppend: (stream) => {
        if (stream.includes('hotel') && away-- > 0) throw unavailable()
      },
    })
    const models = { scripted: scriptedModel([answer('{"stars":5}')]) }
    const world = openWorld({ agents: [delegating('clerk'), clerk], models, log, clock })
    expect(await settle(world, await world.refold.start('boss'))).toMatchObject({ status: 'completed', output: { stars: 5 } })
  })

  test('fails where there is no such agent', async () => {
    const world = openWorld({ agents: [delegating('nobody')] })
    expect(await settle(world, await world.refold.start('boss'))).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('nobody') as string,
    })
  })

  test('is found again by another process, whose parent it then answers', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const lost = troubledLog(log, {
      // The child ends, and the process with it.
      onAppend: (_, events) => (events.some(({ type }) => type === 'RunCompleted') ? () => new Promise(() => undefined) : undefined),
    })
    const models = () => ({ scripted: scriptedModel([answer('{"stars":3}')]) })
    const agents = [delegating('clerk'), clerk]
    const first = openWorld({ agents, models: models(), log: lost, clock, owner: 'first/1/a' })
    const run = await first.refold.start('boss', { runId: 'run-1' })
    for (let turn = 0; turn < 50; turn++) await nextTurn()
    const second = openWorld({ agents, models: models(), log, clock, owner: 'second/2/bb' })
    await second.refold.runtime.wake(run.id)
    expect(await settle(second, second.refold.run(run.id))).toMatchObject({ status: 'completed', output: { stars: 3 } })
  })
})
