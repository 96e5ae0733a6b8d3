import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { eventsOf, openWorld } from '../../support/world.ts'

const helper = defineAgent({ name: 'helper', version: '1', instructions: '', models: ['scripted/one'] })
const models = { scripted: scriptedModel(() => answer('Hello.')) }

const delegation = setup({
  actions: { startChildRun: (_: unknown, _params: Record<string, unknown>): void => undefined },
}).createMachine({
  id: 'delegation',
  initial: 'delegating',
  states: {
    delegating: {
      entry: { type: 'startChildRun', params: { agent: 'helper', input: 'Help me.' } },
      on: { ChildRunSucceeded: 'done', ChildRunFailed: 'done' },
    },
    done: { type: 'final' },
  },
})

describe('a run of a tenant', () => {
  test('carries the tenant in its first event', async () => {
    const world = openWorld({ agents: [helper], models })
    const run = await world.refold.start('helper', { tenant: 'acme', message: 'Hi' })
    expect((await eventsOf(world, run.id))[0]).toMatchObject({ type: 'RunStarted', data: { tenant: 'acme' } })
  })

  test('is not handed to another tenant that starts a run of the same id', async () => {
    const { refold } = openWorld({ agents: [helper], models })
    const run = await refold.start('helper', { runId: 'order-7', tenant: 'acme', message: 'Hi' })
    for (const options of [{ tenant: 'globex' }, {}]) {
      const stolen = refold.start('helper', { runId: 'order-7', ...options })
      await expect(stolen).rejects.toMatchObject({ code: 'InvalidInput', message: 'Expected a new run id, found order-7, which is taken' })
    }
    expect((await refold.start('helper', { runId: 'order-7', tenant: 'acme', message: 'Hi' })).id).toBe(run.id)
  })

  test('hands its tenant on to the runs that it asks for', async () => {
    const boss = defineAgent({ name: 'boss', version: '1', chart: delegation })
    const world = openWorld({ agents: [boss, helper], models })
    const run = await world.refold.start('boss', { tenant: 'acme' })
    const requested = (await eventsOf(world, run.id)).find((event) => event.type === 'ChildRunRequested')
    const child = world.refold.run(requested?.data.childRunId ?? '').events()
    expect((await child[Symbol.asyncIterator]().next()).value).toMatchObject({ data: { tenant: 'acme', parent: { runId: run.id } } })
  })
})
