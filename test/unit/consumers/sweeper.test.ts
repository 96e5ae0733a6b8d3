import { describe, expect, test } from 'vitest'
import { createProjector } from '../../../src/consumers/projector.ts'
import { createSweeper, type Sweeper } from '../../../src/consumers/sweeper.ts'
import { memoryEventLog } from '../../../src/eventlog/event-log.memory.ts'
import type { Model } from '../../../src/models/model.ts'
import { scriptedModel } from '../../../src/models/model.scripted.ts'
import { answer } from '../../../src/models/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import type { Notice } from '../../../src/runtime/notice.ts'
import { memoryViewStore } from '../../../src/views/view-store.memory.ts'
import { manualClock, openWorld } from '../../support/world.ts'

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
    clock.advance(600_000)
    await sweeper.recover()
    expect(notices).toEqual([left(1), left(3)])
    expect(await here.refold.run('left').untilSettled()).toMatchObject({ answer: 'Yes.' })
  })
})
