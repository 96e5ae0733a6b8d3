import { expect, test } from 'vitest'
import { checkEvents } from '../../src/cli/doctor/check-events.ts'
import { checkStuck } from '../../src/cli/doctor/check-runs.ts'
import { newFindings } from '../../src/cli/doctor/findings.ts'
import { createProjector } from '../../src/consumers/projector.ts'
import { memoryEventLog } from '../../src/eventlog/memory/memory-event-log.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import type { Model } from '../../src/models/model.ts'
import { answer, toolCalls } from '../../src/models/scripted/script.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import { defineTool } from '../../src/tools/define-tool.ts'
import { memoryViewStore } from '../../src/views/memory/memory-view-store.ts'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import type { ChartEvent } from '../../src/machines/chart-event.ts'
import { defineProjection, type Projection } from '../../src/projections/projection.ts'
import { manualClock, openWorld } from '../support/world.ts'

const silent: Model = { call: () => new Promise<never>(() => undefined), isFree: true }

test('the doctor finds runs whose work is due and that nobody touches, and leaves alone those that wait for a person', async () => {
  const agent = (name: string) => defineAgent({ name, version: '1', instructions: 'Help.', models: [`${name}/one`] })
  const { refold, log, clock } = openWorld({
    agents: [agent('silent'), agent('quick')],
    models: { silent, quick: scriptedModel([answer('Hi')]) },
  })
  const views = memoryViewStore()
  const parts = { views, projector: createProjector({ log, views }), run: refold.run }
  await refold.start('silent', { runId: 'left', message: 'Hello?' })
  await (await refold.start('quick', { runId: 'waits', message: 'Hello?' })).untilSettled()

  const during = newFindings()
  await checkStuck(parts, clock.now() + 1_000, during)
  expect(during.all()).toEqual([])

  const later = newFindings()
  await checkStuck(parts, clock.now() + 3_600_000, later)
  expect(later.all()).toEqual([expect.objectContaining({ check: 'stuck', places: ['left'], count: 1 })])
})

test('the doctor asks nobody about a call that a sealed run has never executed, once the run is over', async () => {
  const charge = defineTool({
    name: 'charge',
    description: 'Charges a card',
    input: z.object({}),
    output: z.string(),
    effect: 'once',
    execute: () => Promise.reject(new Error('the line is dead')),
  })
  const agent = defineAgent({ name: 'till', version: '1', instructions: 'Help.', models: ['quick/one'], tools: [charge] })
  const quick = scriptedModel(() => toolCalls([{ name: 'charge', arguments: {} }]))
  const { refold, log, clock } = openWorld({ agents: [agent], models: { quick } })
  const views = memoryViewStore()
  const projector = createProjector({ log, views })
  const found = async () => {
    const findings = newFindings()
    await checkStuck({ views, projector, run: refold.run }, clock.now(), findings)
    return findings.all().flatMap(({ check, places }) => places.map((place) => `${check} ${place}`))
  }
  const stuck = async () => (await views.find({ stuck: 'unresolved', limit: 10 }, clock.now())).runs.map(({ row }) => row.runId)
  const sealed = { modelCalls: null }
  for (const runId of ['sealed', 'real']) {
    const run = await refold.start('till', { runId, message: 'Charge it', ...(runId === 'sealed' && { sealed }) })
    expect(await run.untilSettled()).toMatchObject({ waitsFor: 'human' })
    if (runId === 'sealed') expect([await found(), await stuck()]).toEqual([[], ['sealed']])
    await run.cancel({ by: 'ann', reason: 'enough' })
  }
  expect(await found()).toEqual([expect.stringMatching(/^unresolved real /)])
  expect(await stuck()).toEqual(['real'])

  const [call] = (await refold.run('sealed').state()).unresolved
  await refold.run('sealed').settleToolCall(call?.callId ?? '', { by: 'ann', outcome: { succeeded: true, output: 'charged' } })
  expect(await found()).toEqual([expect.stringMatching(/^unresolved real /)])
  const { runs } = await views.find({ limit: 10 }, clock.now())
  expect(runs.flatMap(({ row }) => row.problem ?? [])).toEqual([])
})

test('the doctor finds a process whose clock was ahead of that of the log, and is content with one that is in step', async () => {
  const agent = defineAgent({ name: 'quick', version: '1', instructions: 'Help.', models: ['quick/one'] })
  const clock = manualClock()
  const log = memoryEventLog({ clock })
  const worldOf = (aheadMs: number, owner: string) =>
    openWorld({
      agents: [agent],
      models: { quick: scriptedModel([answer('Hi')]) },
      log,
      clock: { ...clock, now: () => clock.now() + aheadMs },
      owner,
    })
  const inStep = worldOf(2_000, 'here/1/a')
  await inStep.refold.start('quick', { runId: 'in-step' })
  const fine = newFindings()
  await checkEvents({ log, blobs: inStep.blobs }, fine, new AbortController().signal)
  expect(fine.all().filter(({ check }) => check === 'clock')).toEqual([])
  const ahead = worldOf(2_500, 'there/1/bb')
  await ahead.refold.start('quick', { runId: 'ahead' })
  const found = newFindings()
  await checkEvents({ log, blobs: inStep.blobs }, found, new AbortController().signal)
  expect(found.all().filter(({ check }) => check === 'clock')).toEqual([
    expect.objectContaining({ places: ['ahead@0'], severity: 'warning' }),
  ])
})

const fragile = (fails: boolean, projects = false) => {
  const total = defineProjection<number>({
    name: 'total',
    initial: () => 0,
    apply: (count, { type }) => {
      if (projects && type === 'ModelCallSucceeded') throw new Error('the sum fell over')
      return count + 1
    },
  })
  const chart = setup({
    types: { context: {} as { n: number }, events: {} as ChartEvent },
    actions: {
      callModel: (_: unknown, _params: Record<string, unknown>): void => undefined,
      note: assign(() => {
        if (fails) throw new Error('the note fell over')
        return { n: 1 }
      }),
    },
  }).createMachine({
    id: 'fragile',
    context: () => ({ n: 0 }),
    initial: 'asking',
    states: {
      asking: {
        entry: { type: 'callModel', params: () => ({ prompt: 'Hi' }) },
        on: { ModelCallSucceeded: { actions: 'note', target: 'waiting' } },
      },
      waiting: { tags: ['human', 'message'], after: { 1000: 'done' } },
      done: { type: 'final' },
    },
  })
  return defineAgent({ name: 'fragile', version: '1', chart, models: ['quick/one'], projections: [total as Projection] })
}

test('the doctor is content with a run that was reopened, and names the projection that stops one', async () => {
  const models = { quick: scriptedModel(() => answer('Hi')) }
  const world = openWorld({ agents: [fragile(true)], models })
  const run = await world.refold.start('fragile', { runId: 'failed' })
  await run.untilSettled()
  const repaired = openWorld({ agents: [fragile(false)], models, log: world.log, clock: world.clock, owner: 'here/2/b' })
  await repaired.refold.run('failed').reopen({ by: 'ops' })
  const events = newFindings()
  await checkEvents({ log: world.log, blobs: world.blobs }, events, new AbortController().signal)
  expect(events.all().filter(({ check }) => check === 'order')).toEqual([])

  const stopped = openWorld({ agents: [fragile(false, true)], models })
  await (await stopped.refold.start('fragile', { runId: 'stopped' })).untilSettled()
  const views = memoryViewStore()
  const found = newFindings()
  const parts = { views, projector: createProjector({ log: stopped.log, views }), run: stopped.refold.run }
  await checkStuck(parts, stopped.clock.now() + 3_600_000, found)
  expect(found.all()).toEqual([
    expect.objectContaining({
      check: 'agent',
      places: ['stopped'],
      message: expect.stringContaining('the projection total failed') as string,
    }),
  ])
})
