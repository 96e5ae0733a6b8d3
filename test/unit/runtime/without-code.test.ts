import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent, type Agent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { troubledLog, unavailable, type Trouble } from '../../support/troubled-log.ts'
import { eventsOf, manualClock, openWorld, settle, type World } from '../../support/world.ts'

const pay = defineTool({
  name: 'pay',
  description: 'Pays.',
  input: z.object({ sum: z.number() }),
  output: z.string(),
  effect: 'once',
  approval: true,
  execute: () => Promise.resolve('paid'),
})

const cashier = (version: string): Agent =>
  defineAgent({ name: 'cashier', version, instructions: 'Pay.', models: ['scripted/one'], tools: [pay] })

/** A run that waits for an approval, and a process that has its agent in another version only. */
const forgotten = async (trouble: Trouble = {}) => {
  const clock = manualClock()
  const log = troubledLog(memoryEventLog({ clock }), trouble)
  const models = { scripted: scriptedModel([toolCalls([{ name: 'pay', arguments: { sum: 5 } }], 'I shall pay.'), answer('Done.')]) }
  const opened = (agents: Agent[]): World => openWorld({ agents, log, clock, models })
  const first = opened([cashier('1')])
  const run = await first.refold.start('cashier', { runId: 'run-1', message: 'Pay 5.' })
  const before = await settle(first, run)
  return { before, opened, world: opened([cashier('2')]), first }
}

describe('a run whose agent is gone', () => {
  test('is shown as far as its events go, with the reason', async () => {
    const { before, world } = await forgotten()
    const view = await world.refold.run('run-1').state()
    expect(view).toMatchObject({
      agent: 'cashier@1',
      revision: before.revision,
      status: 'active',
      state: 'acting',
      waitsFor: 'approval',
      turn: 1,
      answer: 'I shall pay.',
      reason: null,
      unfolded: 'UnknownAgent',
      problem: expect.stringContaining('cashier@1, with which run-1 was started') as string,
    })
    expect(view.transcript).toEqual(before.transcript)
    expect(view.spent).toEqual(before.spent)
    expect(view.approvals).toEqual(before.approvals)
    expect(view.toolCalls).toMatchObject([{ tool: 'pay', state: 'awaitingApproval' }])
    expect(before.problem).toBeNull()
  })

  test('is shown at every revision of it, and refused beyond', async () => {
    const { before, world, first } = await forgotten()
    for (let revision = 0; revision <= before.revision; revision++) {
      const [shown, folded] = [await world.refold.run('run-1').at(revision), await first.refold.run('run-1').at(revision)]
      expect({ ...shown, ...nothingFolded }).toEqual({ ...folded, ...nothingFolded })
    }
    await expect(world.refold.run('run-1').at(before.revision + 1)).rejects.toMatchObject({ code: 'InvalidInput' })
  })

  test('takes no other command', async () => {
    const { before, world } = await forgotten()
    const run = world.refold.run('run-1')
    const refused = { code: 'UnknownAgent' }
    await expect(run.send({ message: 'And now?' })).rejects.toMatchObject(refused)
    await expect(run.approve(before.approvals[0]!.callId, { by: 'dana' })).rejects.toMatchObject(refused)
    await expect(run.pause({ by: 'dana' })).rejects.toMatchObject(refused)
    expect((await run.state()).revision).toBe(before.revision)
  })

  test('is verified as far as its chain of hashes goes', async () => {
    const { world } = await forgotten()
    await expect(world.refold.run('run-1').verify()).rejects.toMatchObject({
      code: 'UnknownAgent',
      message: expect.stringMatching(/The chain of hashes over its \d+ events holds\.$/) as string,
    })
  })

  test('is cancelled all the same, by an event that its own code later finds as it is', async () => {
    const { before, world, opened } = await forgotten()
    const run = world.refold.run('run-1')
    await run.cancel({ by: 'dana', reason: 'nobody runs it' })
    expect(await run.untilSettled()).toMatchObject({ status: 'cancelled', state: 'cancelled', reason: 'nobody runs it', approvals: [] })
    const last = (await eventsOf(world, 'run-1')).at(-1)
    expect(last).toMatchObject({
      type: 'RunCancelled',
      revision: before.revision + 1,
      data: { by: 'dana', reason: 'nobody runs it', withoutChart: true },
      meta: { to: 'cancelled', agent: 'cashier@1', actor: 'dana' },
    })
    const back = opened([cashier('1')]).refold.run('run-1')
    expect(await back.verify()).toMatchObject({ ok: true, events: before.revision + 2 })
    expect(await back.state()).toMatchObject({
      status: 'cancelled',
      approvals: [],
      toolCalls: [],
      openEffects: [],
      timers: [],
      problem: null,
    })
    await expect(run.cancel({ by: 'dana', reason: 'again' })).rejects.toMatchObject({
      code: 'NotPossible',
      message: expect.stringMatching(/^run-1 was cancelled; dana cancelled it at /) as string,
    })
  })

  test('is told to be cancelled once that is stored, whatever can be read behind it', async () => {
    let isAway = false
    const { before, world } = await forgotten({
      onAppend: (_, events) => (events.some(({ type }) => type === 'RunCancelled') ? () => (isAway = true) : undefined),
      onRead: () => {
        if (isAway) throw unavailable()
      },
    })
    const standing = await world.refold.runtime.command('run-1', { type: 'cancel', by: 'dana', reason: 'enough' }, {})
    expect(standing).toEqual({
      runId: 'run-1',
      revision: before.revision + 1,
      status: 'cancelled',
      paused: false,
      state: 'cancelled',
      waitsFor: null,
    })
  })

  test('is cancelled once by a command that is repeated', async () => {
    const { before, world } = await forgotten()
    const cancel = { type: 'cancel', by: 'dana', reason: 'enough' } as const
    const origin = { commandId: 'command-1' }
    const [first, second] = [
      await world.refold.runtime.command('run-1', cancel, origin),
      await world.refold.runtime.command('run-1', cancel, origin),
    ]
    expect(first).toEqual({
      runId: 'run-1',
      revision: before.revision + 1,
      status: 'cancelled',
      paused: false,
      state: 'cancelled',
      waitsFor: null,
    })
    expect(second).toEqual(first)
  })

  test('that another process still works on is ended for it too', async () => {
    const { before, world, first } = await forgotten()
    await world.refold.run('run-1').cancel({ by: 'dana', reason: 'enough' })
    await expect(first.refold.run('run-1').approve(before.approvals[0]!.callId, { by: 'dana' })).rejects.toMatchObject({
      code: 'NotPossible',
    })
    expect(await first.refold.run('run-1').state()).toMatchObject({ status: 'cancelled' })
  })
})

/** What only charts know, and what is said of their absence. */
const nothingFolded = { openEffects: [], toolCalls: [], timers: [], waitsFor: null, problem: null, unfolded: null }
