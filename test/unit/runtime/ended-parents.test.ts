import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { createProjector } from '../../../src/consumers/projector.ts'
import { createSweeper } from '../../../src/consumers/sweeper.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { parentOf } from '../../support/parent-charts.ts'
import { troubledLog, unavailable } from '../../support/troubled-log.ts'
import { eventsOf, manualClock, openWorld, settle, type World } from '../../support/world.ts'

let paid = 0
const pay = defineTool({
  name: 'pay',
  description: 'Pays',
  input: z.object({}),
  output: z.string(),
  effect: 'once',
  approval: true,
  execute: () => {
    paid += 1
    return Promise.resolve('paid')
  },
})
const clerk = defineAgent({ name: 'clerk', version: '1', instructions: 'Pay.', models: ['scripted/one'], tools: [pay] })
const script = () => ({ scripted: scriptedModel([toolCalls([{ name: 'pay', arguments: {} }]), answer('Done.')]) })

const middle = parentOf([{ agent: 'clerk', key: 'b' }], { name: 'middle' })
const top = parentOf([{ agent: 'middle', key: 'a' }], { name: 'top' })
const agents = [top, middle, clerk]

const pause = async (): Promise<void> => {
  for (let turn = 0; turn < 60; turn++) await nextTurn()
}

const CHILD = 'run-1.a-1'
const GRANDCHILD = 'run-1.a-1.b-1'

const statusOf = async (world: World, runId: string) => (await world.refold.run(runId).state()).status

/** A worker that knows nothing but the log. */
const sweepOnce = async ({ refold, log, clock, notices }: World): Promise<void> => {
  const views = memoryViewStore()
  const notify = (notice: World['notices'][number]): void => void (notices as (typeof notice)[]).push(notice)
  const sweeper = createSweeper({
    projector: createProjector({ log, views }),
    views,
    runtime: refold.runtime,
    clock,
    intervalMs: 1,
    notify,
  })
  await sweeper.recover()
  await pause()
  await sweeper.recover()
  await pause()
}

describe('a run whose parent has ended', () => {
  test('is cancelled with it, and so are those that it has begun itself: nobody pays any more', async () => {
    paid = 0
    const world = openWorld({ agents, models: script() })
    const run = await world.refold.start('top', { runId: 'run-1' })
    await pause()
    expect((await world.refold.run(GRANDCHILD).state()).waitsFor).toBe('approval')
    await run.cancel({ by: 'ann', reason: 'no trip' })
    await pause()
    const [child, grandchild] = [await world.refold.run(CHILD).state(), await world.refold.run(GRANDCHILD).state()]
    expect([child.status, grandchild.status]).toEqual(['cancelled', 'cancelled'])
    expect(child.reason).toContain('run-1 was cancelled: no trip')
    await expect(world.refold.run(GRANDCHILD).approve('3.0', { by: 'ann' })).rejects.toMatchObject({ code: 'NotPossible' })
    expect(paid).toBe(0)
    expect(world.notices).toEqual([])
  })

  test('is cancelled as well where its parent completes or stops waiting for it', async () => {
    const impatient = parentOf([{ agent: 'clerk', key: 'a' }], { name: 'impatient', patienceMs: 1_000 })
    const world = openWorld({ agents: [...agents, impatient], models: script() })
    const run = await world.refold.start('impatient', { runId: 'run-1' })
    await pause()
    world.clock.advance(1_000)
    await pause()
    expect((await run.state()).status).toBe('completed')
    expect(await statusOf(world, CHILD)).toBe('cancelled')

    const other = openWorld({ agents, models: script() })
    const asking = await other.refold.start('top', { runId: 'run-1' })
    await pause()
    await asking.send({ message: 'Never mind.' })
    await pause()
    expect((await asking.state()).status).toBe('active')
    expect([await statusOf(other, CHILD), await statusOf(other, GRANDCHILD)]).toEqual(['cancelled', 'cancelled'])
  })

  test.each(['cancel', 'abandon'])('is found by another process where the first one died right after its %s', async (how) => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const first = openWorld({ agents, models: script(), log, clock, owner: 'first/1/a' })
    await first.refold.start('top', { runId: 'run-1' })
    await pause()
    await first.refold.close()
    const dying: EventLog = {
      ...log,
      append: (stream, ...rest) => (stream.includes('.a-1') ? new Promise(() => undefined) : log.append(stream, ...rest)),
    }
    const second = openWorld({ agents, models: script(), log: dying, clock, owner: 'second/2/bb' })
    const run = second.refold.run('run-1')
    await (how === 'cancel' ? run.cancel({ by: 'ann', reason: 'no' }) : run.send({ message: 'Never mind.' }))
    await pause()
    const third = openWorld({ agents, models: script(), log, clock, owner: 'third/3/ccc' })
    expect(await statusOf(third, GRANDCHILD)).toBe('active')
    await sweepOnce(third)
    expect([await statusOf(third, CHILD), await statusOf(third, GRANDCHILD)]).toEqual(['cancelled', 'cancelled'])
  })

  test('is found by a process that has not the code of its parent, too', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const first = openWorld({ agents, models: script(), log, clock, owner: 'first/1/a' })
    await first.refold.start('middle', { runId: 'run-1' })
    await pause()
    await first.refold.close()
    const dying: EventLog = {
      ...log,
      append: (stream, ...rest) => (stream.includes('.b-1') ? new Promise(() => undefined) : log.append(stream, ...rest)),
    }
    const second = openWorld({ agents, models: script(), log: dying, clock, owner: 'second/2/bb' })
    await second.refold.run('run-1').cancel({ by: 'ann', reason: 'no trip' })
    await pause()
    const third = openWorld({ agents: [clerk], models: script(), log, clock, owner: 'third/3/ccc' })
    expect(await statusOf(third, 'run-1.b-1')).toBe('active')
    await third.refold.runtime.wake('run-1.b-1').catch(() => undefined)
    await pause()
    expect(await third.refold.run('run-1.b-1').state()).toMatchObject({ status: 'cancelled', reason: 'run-1 was cancelled: no trip' })
  })

  test('does not begin where the end came first', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    let away = true
    const troubled = troubledLog(log, {
      onAppend: (stream) => {
        if (stream.includes('run-1.a-1') && away) throw unavailable()
      },
    })
    const world = openWorld({ agents, models: script(), log: troubled, clock })
    const run = await world.refold.start('top', { runId: 'run-1' })
    await pause()
    await run.cancel({ by: 'ann', reason: 'no trip' })
    away = false
    for (let times = 0; times < 20; times++) {
      clock.advance(10_000)
      await pause()
    }
    await expect(world.refold.run(CHILD).state()).rejects.toMatchObject({ code: 'RunNotFound' })
  })
})

describe('the id of a child run', () => {
  test('that was taken beforehand is not adopted: the call fails, and says so', async () => {
    const world = openWorld({ agents, models: { scripted: scriptedModel([answer('hi'), answer('ho')]) } })
    await world.refold.start('clerk', { runId: CHILD, message: 'I was here first.' })
    await pause()
    const run = await world.refold.start('top', { runId: 'run-1' })
    const view = await settle(world, run)
    expect(view).toMatchObject({ status: 'failed', reason: expect.stringContaining(CHILD) as string })
    expect(await statusOf(world, CHILD)).toBe('active')
    expect((await eventsOf(world, CHILD)).some(({ type }) => type === 'RunCancelled')).toBe(false)
  })

  test('of the same agent and input, but not begun by this run, is not adopted either', async () => {
    const world = openWorld({ agents, models: script() })
    await world.refold.start('middle', { runId: CHILD })
    const run = await world.refold.start('top', { runId: 'run-1' })
    expect((await settle(world, run)).status).toBe('failed')
  })

  test('cannot be started from outside', async () => {
    const world = openWorld({ agents, models: script() })
    await world.refold.start('top', { runId: 'run-1' })
    await pause()
    await expect(world.refold.start('middle', { runId: CHILD })).rejects.toMatchObject({ code: 'InvalidInput' })
  })
})
