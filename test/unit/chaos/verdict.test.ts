import { beforeEach, describe, expect, test } from 'vitest'
import { logHistories } from '../../../chaos/histories.ts'
import type { RequestedRun } from '../../../chaos/load.ts'
import { judge, type Verdict } from '../../../chaos/verdict.ts'
import { agentsWith } from '../../../simulation/agents.ts'
import type { LedgerLine } from '../../../simulation/ledger.ts'
import { followPlan } from '../../../simulation/plan.ts'
import { toMessage } from '../../../src/consumers/event-message.ts'
import { createProjector } from '../../../src/consumers/projector.ts'
import type { StoredEvent } from '../../../src/eventlog/event-log.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import type { ViewStore } from '../../../src/views/view-store.ts'
import { openWorld, settle, type World } from '../../support/world.ts'
import { eventsIn, openBusWorld, type BusWorld } from '../consumers/bus-world.ts'

const done = agentsWith({ execute: () => Promise.resolve({ n: 1, done: 'yes' }), lookUp: () => Promise.resolve({ found: 'nothing' }) })
const model = scriptedModel(followPlan)
const RUN = 'r1-0'
const started = { runId: RUN, over: 'bus', requestedAt: 0, acknowledgedAt: 0 } as const
const clean: Verdict = { lostEvents: [], lostRuns: [], stuckRuns: [], onceTwice: [], viewDifferences: [] }

describe('the verdict on a round of chaos', () => {
  let world: World
  let busWorld: BusWorld
  let views: ViewStore
  let events: StoredEvent[]
  beforeEach(async () => {
    world = openWorld({ agents: done, models: { alpha: model, beta: model } })
    busWorld = await openBusWorld()
    views = memoryViewStore()
    const run = await world.refold.start('desk', { runId: RUN, message: 'plan: pay 1; say done' })
    await settle(world, run)
    await run.complete({ by: 'dana' })
    events = await eventsIn(world.log)
  })

  const told = async (messages: readonly StoredEvent[]): Promise<void> => {
    const publisher = await busWorld.bus.openPublisher()
    await publisher.publish([{ topic: busWorld.topics.events, messages: messages.map(toMessage) }])
    await publisher.close()
  }
  const shown = (): Promise<void> => createProjector({ log: world.log, views }).catchUp()
  const verdict = async (lines: readonly LedgerLine[] = [], requested: readonly RequestedRun[] = [started]): Promise<Verdict> => {
    const histories = logHistories(world.log)
    await histories.readOn()
    const scene = {
      kafka: { bus: busWorld.bus, topics: busWorld.topics },
      ledger: { lines: () => lines },
      refold: { ...world.refold, log: world.log, views },
    }
    return judge({ scene, histories, requested, runIds: histories.runIds(), relayWithinMs: 0 })
  }

  test('finds nothing where everything was told in order, once or again, and is shown', async () => {
    await told([...events, ...events.slice(3)])
    await shown()
    expect(await verdict()).toEqual(clean)
  })

  test('finds events that were never told, or too late', async () => {
    await told([...events.slice(0, 3), ...events.slice(4, 6), ...events.slice(3, 4)])
    await shown()
    const { lostEvents, ...others } = await verdict()
    expect(lostEvents).toHaveLength(1 + events.length - 6)
    expect({ ...others, lostEvents: [] }).toEqual(clean)
  })

  test('finds a run that was requested and never began, and one that never ended', async () => {
    await world.refold.start('desk', { runId: 'r1-1', message: 'plan: say done' })
    await told(await eventsIn(world.log))
    await shown()
    const found = await verdict([], [started, { ...started, runId: 'r1-2' }])
    expect(found.lostRuns).toEqual(['r1-2 was acknowledged and never began'])
    expect(found.stuckRuns).toEqual([expect.stringContaining('r1-1 stands at revision')])
  })

  test('finds an effect that was had twice, unless it may be repeated', async () => {
    await told(events)
    await shown()
    const line = { tool: 'pay', effect: 'once', n: 1, owner: 'a' }
    const lines = [line, line].map((each) => ({ ...each, key: `${RUN}/3.0` }))
    expect((await verdict(lines)).onceTwice).toEqual([`${RUN}/3.0`])
    expect((await verdict(lines.map((each) => ({ ...each, effect: 'idempotent' })))).onceTwice).toEqual([])
  })

  test('finds views that are not what the log says', async () => {
    await told(events)
    expect((await verdict()).viewDifferences.length).toBeGreaterThan(0)
  })
})
