import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createProjector } from '../../../src/consumers/projector.ts'
import { createSweeper, type Sweeper } from '../../../src/consumers/sweeper.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { Model } from '../../../src/models/model.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import type { Notice } from '../../../src/runtime/notices.ts'
import type { ViewStore } from '../../../src/views/view-store.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { streamOf } from '../../../src/events/codec.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { AppError } from '../../../src/errors.ts'
import { parentOf } from '../../support/parent-charts.ts'
import { eventsOf, manualClock, openWorld, settle } from '../../support/world.ts'

const agentAt = (version: string) => defineAgent({ name: 'helper', version, instructions: 'Help.', models: ['scripted/one'] })
const silent: Model = { isFree: true, call: () => new Promise<never>(() => undefined) }
const models = { scripted: silent }

describe('sweeps that find a run whose agent is gone', () => {
  test('tell of its agent once, and then how many there are, and wake the others', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const gone = openWorld({ agents: [agentAt('1')], log, clock, models, owner: 'gone/1/b' })
    await gone.refold.start('helper', { runId: 'lost', message: 'Hello' })
    const other = openWorld({ agents: [agentAt('2')], log, clock, models, owner: 'gone/1/c' })
    await other.refold.start('helper', { runId: 'left', message: 'Hello' })
    const notices: Notice[] = []
    const here = openWorld({
      agents: [agentAt('2')],
      log,
      clock,
      models: { scripted: scriptedModel([answer('Yes.')]) },
      ownerIsGone: (owner) => owner.startsWith('gone'),
    })
    const views = memoryViewStore()
    const sweeper: Sweeper = createSweeper({
      projector: createProjector({ log, views }),
      views,
      runtime: here.refold.runtime,
      clock,
      intervalMs: 1_000,
      notify: (notice) => notices.push(notice),
    })
    const left = (runs: number) => ({
      type: 'runsLeft',
      agent: 'helper@1',
      code: 'UnknownAgent',
      runs,
      runId: expect.stringMatching(/^lost/) as string,
      message: expect.stringMatching(/found helper@1, with which lost\S* was started/) as string,
    })
    for (let sweeps = 0; sweeps < 3; sweeps++) await sweeper.recover()
    expect(notices).toEqual([left(1)])
    for (const runId of ['lost-2', 'lost-3']) {
      await gone.refold.start('helper', { runId, message: 'Hello' })
      await sweeper.recover()
    }
    expect(notices).toEqual([left(1)])
    expect(sweeper.counts()).toMatchObject({ left: 3 })
    const closed = gone.refold.close({ graceMs: 0 })
    clock.advance(600_000)
    await closed
    await sweeper.recover()
    expect(notices).toEqual([left(1), left(3)])
    expect(await here.refold.run('left').untilSettled()).toMatchObject({ answer: 'Yes.' })
  })
})

const DAY_MS = 86_400_000
const RUNS = 40

const pay = defineTool({
  name: 'pay',
  description: 'Pays',
  input: z.object({}),
  output: z.string(),
  effect: 'once',
  approval: true,
  execute: () => Promise.resolve('paid'),
})
const clerk = defineAgent({
  name: 'clerk',
  version: '1',
  instructions: 'Pay.',
  models: ['scripted/one'],
  tools: [pay],
  approvalTimeoutMs: DAY_MS,
})
const clerkModel = scriptedModel(({ messages }) =>
  messages.at(-1)?.role === 'tool' ? answer('So it is.') : toolCalls([{ name: 'pay', arguments: {} }]),
)

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 500; turn++) await nextTurn()
}

/** Counts the streams that are read of it. */
const counted = (log: EventLog): { readonly log: EventLog; readonly read: string[] } => {
  const read: string[] = []
  const readStream: EventLog['readStream'] = (stream, options) => {
    read.push(stream)
    return log.readStream(stream, options)
  }
  return { log: { ...log, readStream }, read }
}

describe('a worker that starts beside runs that wait for an approval', () => {
  const openRuns = async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const before = openWorld({ agents: [clerk], log, clock, models: { scripted: clerkModel }, owner: 'before/1/b' })
    for (let n = 0; n < RUNS; n++) {
      await settle(before, await before.refold.start('clerk', { runId: `open-${n}`, message: 'Pay, please' }))
    }
    await before.refold.close()
    const { log: ofWorker, read } = counted(log)
    const world = openWorld({ agents: [clerk], log: ofWorker, clock, models: { scripted: clerkModel }, owner: 'worker/1/c' })
    const views = memoryViewStore()
    const sweeper = createSweeper({
      projector: createProjector({ log, views }),
      views,
      runtime: world.refold.runtime,
      clock,
      intervalMs: 5_000,
      notify: (notice) => {
        throw new Error(JSON.stringify(notice))
      },
    })
    return { world, sweeper, read, log }
  }
  const typesOf = async (world: Parameters<typeof eventsOf>[0], runId: string): Promise<string[]> =>
    (await eventsOf(world, runId)).map(({ type }) => type)

  test('reads none of them: their times come from the views', async () => {
    const { sweeper, read } = await openRuns()
    await sweeper.recover()
    expect(read).toEqual([])
  })

  test('looks at each when its time has come, and ends what has waited too long', async () => {
    const { world, sweeper, read } = await openRuns()
    await sweeper.recover()
    world.clock.advance(DAY_MS - 1_000)
    await turns()
    expect(read).toEqual([])
    world.clock.advance(1_000)
    await turns()
    expect(new Set(read).size).toBe(RUNS)
    for (let n = 0; n < RUNS; n++) expect(await typesOf(world, `open-${n}`)).toContain('TimerFired')
  })

  test('lets alone what another process has granted since the views were read', async () => {
    const { world, sweeper, log } = await openRuns()
    await sweeper.recover()
    const other = openWorld({ agents: [clerk], log, clock: world.clock, models: { scripted: clerkModel }, owner: 'other/1/d' })
    const handle = other.refold.run('open-0')
    await handle.approve('3.0', { by: 'dana' })
    await settle(other, handle)
    expect(await typesOf(world, 'open-0')).toContain('ToolCallSucceeded')
    world.clock.advance(DAY_MS)
    await turns()
    expect(await typesOf(world, 'open-0')).not.toContain('TimerFired')
    expect(await typesOf(world, 'open-1')).toContain('TimerFired')
  })

  test('reads those that owe something, whoever was to do it', async () => {
    const { world, sweeper, read, log } = await openRuns()
    const gone = openWorld({ agents: [clerk], log, clock: world.clock, models: { scripted: silent }, owner: 'gone/1/e' })
    await gone.refold.start('clerk', { runId: 'claimed', message: 'Pay, please' })
    await turns()
    await sweeper.recover()
    expect(new Set(read)).toEqual(new Set([streamOf('claimed')]))
  })
})

describe('a worker that starts when another has ended in the middle of its work', () => {
  const begun = async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const views = memoryViewStore()
    const gone = openWorld({ agents: [agentAt('1')], log, clock, models: { scripted: silent }, owner: 'gone/1/b' })
    await gone.refold.start('helper', { runId: 'known', message: 'Hello' })
    await turns()
    await createProjector({ log, views }).catchUp()
    await gone.refold.start('helper', { runId: 'unknown', message: 'Hello' })
    await turns()
    const world = openWorld({
      agents: [agentAt('1')],
      log,
      clock,
      models: { scripted: scriptedModel([answer('Yes.'), answer('Yes.')]) },
      ownerIsGone: (owner) => owner.startsWith('gone'),
    })
    return { world, views, log, clock }
  }

  test('takes over what was under way, while the views take in what was written since', async () => {
    const { world, views, log, clock } = await begun()
    const written = Promise.withResolvers<undefined>()
    const slow: ViewStore = {
      ...views,
      async apply(batch) {
        await written.promise
        return views.apply(batch)
      },
    }
    const caughtUp: string[] = []
    const sweeper = createSweeper({
      projector: createProjector({ log, views: slow }),
      views: slow,
      runtime: world.refold.runtime,
      caughtUp: async () => void caughtUp.push((await views.get('unknown'))?.runId ?? 'none'),
      clock,
      intervalMs: 5_000,
      notify: (notice) => {
        throw new Error(JSON.stringify(notice))
      },
    })
    const recovered = sweeper.recover()
    for (const runId of ['known', 'unknown']) {
      expect(await world.refold.run(runId).untilSettled()).toMatchObject({ answer: 'Yes.' })
    }
    expect(caughtUp).toEqual([])
    written.resolve(undefined)
    await recovered
    expect(caughtUp).toEqual(['unknown'])
  })
})

describe('runs that wait for a run that waits for a person', () => {
  const PARENTS = 6
  const parent = parentOf([{ agent: 'clerk', key: 'a' }], { name: 'parent' })

  test('are not read, until it has said something that they may not have heard', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const agents = [parent, clerk, agentAt('1')]
    const before = openWorld({ agents, log, clock, models: { scripted: clerkModel }, owner: 'gone/1/b' })
    for (let n = 0; n < PARENTS; n++) await settle(before, await before.refold.start('parent', { runId: `parent-${n}` }))
    const unable = openWorld({ agents, log, clock, models, owner: 'gone/1/c' })
    await unable.refold.start('helper', { runId: 'owes', message: 'Hello' })
    const { log: ofWorker, read } = counted(log)
    const world = openWorld({
      agents,
      log: ofWorker,
      clock,
      models: { scripted: clerkModel },
      owner: 'worker/1/d',
      ownerIsGone: (owner) => owner.startsWith('gone'),
    })
    const views = memoryViewStore()
    const sweeper = createSweeper({
      projector: createProjector({ log, views }),
      views,
      runtime: world.refold.runtime,
      clock,
      intervalMs: 5_000,
      notify: (notice) => {
        throw new Error(JSON.stringify(notice))
      },
    })
    const ending = new AbortController()
    sweeper.run(ending.signal)
    await turns()
    expect(read).toContain(streamOf('owes'))
    const looksAt = (runId: string): number => read.filter((stream) => stream === streamOf(runId)).length
    const sweepFor = async (ms: number): Promise<number> => {
      const looks = looksAt('parent-1')
      for (let passed = 0; passed < ms; passed += 5_000) {
        clock.advance(5_000)
        await turns()
      }
      return looksAt('parent-1') - looks
    }
    expect(await sweepFor(600_000)).toBe(0)
    expect(looksAt('parent-1')).toBe(0)
    const deaf: EventLog = {
      ...log,
      append: (stream, expected, events) =>
        stream === streamOf('parent-1')
          ? Promise.reject(new AppError('EventLogUnavailable', 'away'))
          : log.append(stream, expected, events),
    }
    const lost = openWorld({ agents, log: deaf, clock, models: { scripted: clerkModel }, owner: 'gone/1/e' })
    await lost.refold.run('parent-1.a-1').approve('3.0', { by: 'dana' })
    await turns()
    expect(await before.refold.run('parent-1').state()).toMatchObject({ waitsFor: 'approval' })
    // The process of the child is gone with its word, and with what became of a call that must not happen twice.
    await sweepFor(120_000)
    expect(await before.refold.run('parent-1').state()).toMatchObject({ waitsFor: 'human', waitsIn: 'parent-1.a-1' })
    ending.abort()
  })
})
