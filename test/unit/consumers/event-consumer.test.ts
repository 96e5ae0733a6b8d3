import { fc } from '../../support/fast-check.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { memoryBlobStore } from '../../../src/blobs/blob-store.memory.ts'
import type { BusMessage } from '../../../src/bus/bus.ts'
import { systemIds } from '../../../src/clock.ts'
import { startEventConsumer, type ConsumerNotice, type EventConsumer } from '../../../src/consumers/event-consumer.ts'
import { toMessage, toOmission } from '../../../src/consumers/event-message.ts'
import { AppError } from '../../../src/errors.ts'
import type { EventLog, NewEvent, StoredEvent } from '../../../src/eventlog/event-log.ts'
import { streamOf } from '../../../src/events/codec.ts'
import { applyToRunRow, type RunRow } from '../../../src/projections/run-index.ts'
import { createEraser } from '../../../src/runtime/erase.ts'
import { memorySnapshotStore } from '../../../src/snapshots/snapshot-store.memory.ts'
import { noRecords } from '../../../src/projections/view-records.ts'
import { viewDifferences } from '../../../simulation/view-differences.ts'
import type { ViewStore } from '../../../src/views/view-store.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { eventsIn, messagesIn, openBusWorld, type BusWorld } from './bus-world.ts'
import { anySteps, completed, history, message, newEvent, oneTurn, recorded } from './run-history.ts'

const GROUP = 'view'

const started: EventConsumer[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((consumer) => consumer.close()))
})

interface Fed {
  readonly consumer: EventConsumer
  readonly notices: readonly ConsumerNotice[]
}

const feed = async (world: BusWorld, views: ViewStore, log: EventLog = world.log): Promise<Fed> => {
  const notices: ConsumerNotice[] = []
  const consumer = await startEventConsumer({ ...world, log, views, group: GROUP, notify: (notice) => notices.push(notice) })
  started.push(consumer)
  return { consumer, notices }
}

const append = async (log: EventLog, runId: string, events: readonly NewEvent[], from = 0): Promise<StoredEvent[]> => {
  await log.append(streamOf(runId), from === 0 ? 'no-stream' : from - 1, events)
  return (await eventsIn(log)).filter(({ stream, revision }) => stream === streamOf(runId) && revision >= from)
}

const appendTurn = (log: EventLog, runId: string): Promise<StoredEvent[]> => append(log, runId, history(runId, oneTurn))

const publish = async (world: BusWorld, ...messages: readonly BusMessage[]): Promise<void> => {
  const publisher = await world.bus.openPublisher()
  await publisher.publish([{ topic: world.topics.events, messages }])
  await publisher.close()
}

const relay = (world: BusWorld, events: readonly StoredEvent[]): Promise<void> => publish(world, ...events.map(toMessage))

/** Lets everything happen until the group has taken in all there is; time goes on where something waits for it. */
const caughtUp = async (world: BusWorld): Promise<void> => {
  do {
    await new Promise((resolve) => setImmediate(resolve))
    world.clock.next()
  } while ((await world.bus.lag(GROUP, world.topics.events)) > 0)
}

const rowsIn = async (views: ViewStore): Promise<RunRow[]> =>
  [...(await views.list({ limit: 1_000 }))].sort((a, b) => a.runId.localeCompare(b.runId))

/** What the view has to be: a fold of the log. */
const foldOf = async (log: EventLog): Promise<RunRow[]> => {
  const rows = new Map<string, RunRow>()
  for (const event of await eventsIn(log)) rows.set(event.stream, applyToRunRow(rows.get(event.stream), event))
  return [...rows.values()].sort((a, b) => a.runId.localeCompare(b.runId))
}

const lettersIn = (world: BusWorld) => messagesIn(world.bus, world.topics.eventsDeadLetters)

describe('a view that is fed from the topic of events', () => {
  test('is a fold of the log', async () => {
    const world = await openBusWorld()
    const views = memoryViewStore()
    const { consumer } = await feed(world, views)
    for (const runId of ['run-a', 'run-b', 'run-c']) await relay(world, await appendTurn(world.log, runId))
    await caughtUp(world)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
    expect(consumer.counts()).toEqual({ taken: 36, repeated: 0, readFromLog: 0, leftOut: 0 })
  })
  test('passes over what comes twice, together or much later', async () => {
    const world = await openBusWorld()
    const views = memoryViewStore()
    const { consumer } = await feed(world, views)
    const events = await appendTurn(world.log, 'run-a')
    await relay(world, [...events.slice(0, 5), ...events.slice(2, 7)])
    await caughtUp(world)
    await relay(world, events)
    await caughtUp(world)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
    expect(consumer.counts()).toEqual({ taken: 12, repeated: 10, readFromLog: 0, leftOut: 0 })
  })
  test('reads from the log what the topic leaves out', async () => {
    const world = await openBusWorld()
    const views = memoryViewStore()
    const { consumer } = await feed(world, views)
    const [a, b] = [await appendTurn(world.log, 'run-a'), await appendTurn(world.log, 'run-b')]
    await relay(world, [...a.slice(4, 5), ...b.slice(0, 3), ...a.slice(9), ...b.slice(11)])
    await caughtUp(world)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
    expect(consumer.counts()).toEqual({ taken: 24, repeated: 0, readFromLog: 16, leftOut: 0 })
  })
  test('reads from the log what was too large for a message', async () => {
    const world = await openBusWorld()
    const views = memoryViewStore()
    await feed(world, views)
    const events = await appendTurn(world.log, 'run-a')
    await publish(world, ...events.map((event, at) => (at % 3 === 1 ? toOmission(event, 2_000_000) : toMessage(event))))
    await caughtUp(world)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
    expect(await lettersIn(world)).toEqual([])
  })
  test.each([
    ['of which it has taken in all', 12],
    ['of which it has taken in a part, and whose rest is gone', 5],
    ['of which it has taken in nothing', 0],
  ])('sees the deletion of a run %s, and keeps nothing of it but that', async (_, known) => {
    const world = await openBusWorld()
    const views = memoryViewStore()
    await feed(world, views)
    const events = await append(world.log, 'run-a', history('run-a', [...oneTurn, recorded(completed, 'completed')]))
    await relay(world, events.slice(0, known))
    await caughtUp(world)
    const parts = { log: world.log, blobs: memoryBlobStore(), snapshots: memorySnapshotStore(), clock: world.clock, ids: systemIds }
    expect(await createEraser(parts).erase('run-a', { by: 'ann', reason: 'asked for' })).toMatchObject({ isDone: true })
    await relay(world, await eventsIn(world.log))
    // What the topic still holds of it comes again, to whoever reads it from its beginning.
    await relay(world, events)
    await caughtUp(world)
    expect(await rowsIn(views)).toMatchObject([{ runId: 'run-a', status: 'deleted', lastText: null, reason: 'by ann: asked for' }])
    for (const view of ['transcript', 'model-calls', 'tool-calls', 'approvals', 'costs'] as const)
      expect((await views.query(view, { limit: 10 }, 0)).rows).toEqual([])
    expect(await lettersIn(world)).toEqual([])
  })
  test('goes on where it stood, also after a process that died', async () => {
    const world = await openBusWorld()
    const views = memoryViewStore()
    const { consumer: first } = await feed(world, views)
    const events = await appendTurn(world.log, 'run-a')
    await relay(world, events.slice(0, 6))
    await caughtUp(world)
    await first.close()
    await relay(world, events.slice(6))
    const { consumer } = await feed(world, views)
    await caughtUp(world)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
    expect(consumer.counts()).toMatchObject({ taken: 6, repeated: 0 })
  })
  test('that another process has rebuilt under a batch takes the batch in again', async () => {
    const world = await openBusWorld(1)
    const views = memoryViewStore()
    let isRebuilt = false
    const view: ViewStore = {
      ...views,
      async apply(batch) {
        if (isRebuilt || !('topic' in batch)) return views.apply(batch)
        isRebuilt = true
        const { offsets } = await views.topicState(batch.topic)
        await (await views.beginRebuild()).finish({ checkpoint: undefined, topic: { name: batch.topic, offsets } })
        return views.apply(batch)
      },
    }
    await feed(world, view)
    await relay(world, await appendTurn(world.log, 'run-a'))
    await relay(world, await appendTurn(world.log, 'run-b'))
    await caughtUp(world)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
  })
  test('that was written without a word of it goes on behind', async () => {
    const world = await openBusWorld(1)
    const views = memoryViewStore()
    let left = 2
    const view: ViewStore = {
      ...views,
      async apply(batch) {
        const isWritten = await views.apply(batch)
        if (left-- > 0) throw new AppError('EventLogUnavailable', 'the connection was lost', { retryable: true })
        return isWritten
      },
    }
    await feed(world, view)
    await relay(world, await appendTurn(world.log, 'run-a'))
    await caughtUp(world)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
    expect(new Set(world.busNotices.map((notice) => notice.message))).toEqual(new Set(['the connection was lost']))
  })
})

describe('what cannot be taken in', () => {
  test('marks its run and lies among the dead letters, once, and the others go on', async () => {
    const world = await openBusWorld(1)
    const views = memoryViewStore()
    const { notices } = await feed(world, views)
    await append(world.log, 'run-a', history('run-a', oneTurn.slice(0, 1)))
    await append(world.log, 'run-a', [{ ...newEvent('run-a', 1, recorded(message('Hi'), 'thinking')), data: '{"text":' }], 1)
    await append(world.log, 'run-a', [newEvent('run-a', 2, recorded(message('Hello?'), 'thinking'))], 2)
    await appendTurn(world.log, 'run-b')
    await relay(world, await eventsIn(world.log))
    await caughtUp(world)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
    expect(await views.get('run-a')).toMatchObject({ revision: 2, problem: expect.stringContaining('Expected JSON') as string })
    const letters = await lettersIn(world)
    expect(letters).toMatchObject([{ key: 'run-a', value: '{"text":', headers: { 'dlq-code': 'UnexpectedEvent', 'refold-revision': '1' } }])
    expect(letters[0]!.headers['dlq-reason']).toContain('Expected JSON')
    expect(notices).toMatchObject([{ type: 'viewRebuilt' }, { type: 'eventsLeftOut', key: 'run-a' }])
  })
  test('and is no event of Refold lies among the dead letters as it came', async () => {
    const world = await openBusWorld(1)
    const views = memoryViewStore()
    await feed(world, views)
    const events = await appendTurn(world.log, 'run-a')
    const whole = toMessage(events[0]!)
    const without = (name: string): BusMessage => ({
      ...whole,
      headers: Object.fromEntries(Object.entries(whole.headers).filter(([header]) => header !== name)),
    })
    const foreign: BusMessage[] = [
      { key: 'x', value: 'hello', headers: { from: 'elsewhere' } },
      { ...whole, value: null },
      ...['ce_id', 'ce_type', 'ce_time', 'refold-stream', 'refold-revision', 'refold-position', 'refold-meta'].map(without),
      { ...whole, headers: { ...whole.headers, 'refold-revision': '-1' } },
    ]
    await publish(world, ...foreign, ...events.map(toMessage))
    await caughtUp(world)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
    const letters = await lettersIn(world)
    expect(letters.map(({ key, value }) => ({ key, value }))).toEqual(foreign.map(({ key, value }) => ({ key, value })))
    expect(letters.every(({ headers }) => headers['dlq-reason']?.includes('it is no event of Refold'))).toBe(true)
  })
  test('and is no longer in the log either is told by the run', async () => {
    const world = await openBusWorld(1)
    const views = memoryViewStore()
    await feed(world, views)
    const a = await appendTurn(world.log, 'run-a')
    const b = await appendTurn(world.log, 'run-b')
    const c = await appendTurn(world.log, 'run-c')
    await world.log.setMetadata(streamOf('run-a'), { truncateBefore: 6 })
    await world.log.deleteStream(streamOf('run-b'), 11)
    await world.log.tombstoneStream(streamOf('run-c'), 11)
    await relay(world, [...a.slice(8, 9), ...b.slice(2, 3)])
    await publish(world, toOmission(c[1]!, 2_000_000))
    await caughtUp(world)
    expect(await views.get('run-a')).toMatchObject({ revision: 8, problem: expect.stringContaining('RunStarted first') as string })
    expect(await views.get('run-b')).toMatchObject({ revision: 2, problem: expect.stringContaining('RunStarted first') as string })
    expect(await views.get('run-c')).toBeUndefined()
    expect(Object.fromEntries((await lettersIn(world)).map(({ key, headers }) => [key, headers['dlq-code']]))).toEqual({
      'run-a': 'UnexpectedEvent',
      'run-b': 'UnexpectedEvent',
      'run-c': 'StreamNotFound',
    })
  })
})

describe('a view without a place in the topic', () => {
  test('is filled from the log, since the topic no longer holds everything', async () => {
    const world = await openBusWorld()
    const views = memoryViewStore()
    await appendTurn(world.log, 'run-a')
    const b = await appendTurn(world.log, 'run-b')
    await relay(world, b.slice(8))
    const { consumer, notices } = await feed(world, views)
    expect(notices).toEqual([{ type: 'viewRebuilt', group: GROUP, events: 24 }])
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
    expect(consumer.counts().taken).toBe(0)
    expect(await consumer.lag()).toBe(0)
  })
  test('is filled anew where the topic is another by now', async () => {
    const world = await openBusWorld(1)
    const views = memoryViewStore()
    const { consumer } = await feed(world, views)
    await relay(world, await appendTurn(world.log, 'run-a'))
    await caughtUp(world)
    await consumer.close()
    const other = { ...(await openBusWorld(1)), log: world.log }
    const b = await appendTurn(world.log, 'run-b')
    await relay(other, b.slice(0, 3))
    const { notices } = await feed(other, views)
    expect(notices).toMatchObject([{ type: 'viewRebuilt' }])
    await relay(other, b.slice(3))
    await caughtUp(other)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
  })
})

describe('a view that somebody has paused', () => {
  const quiet = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  const aSecondLater = async (world: BusWorld): Promise<void> => {
    await quiet()
    world.clock.advance(1_000)
    await quiet()
  }

  test('stands still within a second and goes on where it stood, whoever says so', async () => {
    const world = await openBusWorld()
    const views = memoryViewStore()
    const { notices } = await feed(world, views)
    await relay(world, await appendTurn(world.log, 'run-a'))
    await caughtUp(world)
    await views.setPaused(5)
    await aSecondLater(world)
    await relay(world, await appendTurn(world.log, 'run-b'))
    await aSecondLater(world)
    expect((await rowsIn(views)).map(({ runId }) => runId)).toEqual(['run-a'])
    await views.setPaused(undefined)
    await aSecondLater(world)
    await caughtUp(world)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
    expect(notices.map(({ type }) => type)).toEqual(['viewRebuilt', 'viewPaused', 'viewResumed'])
  })
  test('is not filled before it is resumed', async () => {
    const world = await openBusWorld()
    const views = memoryViewStore()
    await appendTurn(world.log, 'run-a')
    await views.setPaused(5)
    const { notices } = await feed(world, views)
    await aSecondLater(world)
    expect(await rowsIn(views)).toEqual([])
    await views.setPaused(undefined)
    await aSecondLater(world)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
    expect(notices.map(({ type }) => type)).toEqual(['viewPaused', 'viewResumed', 'viewRebuilt'])
  })
  test('stays so over a rebuild, and says how far it is behind', async () => {
    const world = await openBusWorld()
    const views = memoryViewStore()
    const { consumer } = await feed(world, views)
    await views.setPaused(5)
    await aSecondLater(world)
    await consumer.rebuild()
    await relay(world, await appendTurn(world.log, 'run-a'))
    await aSecondLater(world)
    expect(await consumer.lag()).toBe(12)
    expect(await rowsIn(views)).toEqual([])
    await views.setPaused(undefined)
    await aSecondLater(world)
    await caughtUp(world)
    expect(await consumer.lag()).toBe(0)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
  })
  test('is asked again where it cannot be asked', async () => {
    const world = await openBusWorld()
    const views = memoryViewStore()
    let isDown = false
    const { notices } = await feed(world, {
      ...views,
      pausedSince: () => (isDown ? Promise.reject(new Error('no connection')) : Promise.resolve(undefined)),
    })
    isDown = true
    await aSecondLater(world)
    isDown = false
    await aSecondLater(world)
    await relay(world, await appendTurn(world.log, 'run-a'))
    await caughtUp(world)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
    expect(notices).toContainEqual(expect.objectContaining({ type: 'viewUnavailable', reason: 'no connection' }))
  })
})

describe('a rebuild', () => {
  test('corrects what was wrong, while the view goes on, and loses nothing that comes meanwhile', async () => {
    const world = await openBusWorld(2)
    const views = memoryViewStore()
    const seen: string[] = []
    let isLive = false
    const during = async (phase: string): Promise<void> => {
      if (!isLive) return
      const runId = `run-${phase}`
      await relay(world, await appendTurn(world.log, runId))
      await caughtUp(world)
      if ((await views.get(runId))?.revision === 11) seen.push(phase)
    }
    const view: ViewStore = {
      ...views,
      async beginRebuild() {
        await during('before')
        const rebuild = await views.beginRebuild()
        return {
          ...rebuild,
          async finish(place) {
            // The log has been read by now.
            await during('late')
            await rebuild.finish(place)
          },
        }
      },
    }
    const { consumer } = await feed(world, view)
    await relay(world, await appendTurn(world.log, 'run-a'))
    await caughtUp(world)
    const { generation, offsets } = await views.topicState(world.topics.events)
    const [partition, from] = [...offsets][0]!
    const wrong = { ...(await views.get('run-a'))!, revision: 12, state: 'wrong' }
    await views.apply({ rows: [wrong], records: noRecords, topic: world.topics.events, partition, generation, from, next: from })
    await append(world.log, 'run-a', [newEvent('run-a', 12, recorded(completed, 'completed'))], 12)
    isLive = true
    await consumer.rebuild()
    await caughtUp(world)
    expect(seen).toEqual(['before', 'late'])
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
  })
  test('that fails leaves the view as it was, and it goes on', async () => {
    const world = await openBusWorld()
    const views = memoryViewStore()
    const { consumer } = await feed(world, views)
    await relay(world, await appendTurn(world.log, 'run-a'))
    await caughtUp(world)
    await consumer.close()
    const broken: EventLog = {
      ...world.log,
      readAll: () => {
        throw new AppError('EventLogUnavailable', 'the store is away', { retryable: true })
      },
    }
    const { consumer: next } = await feed(world, views, broken)
    await expect(next.rebuild()).rejects.toMatchObject({ code: 'EventLogUnavailable' })
    await relay(world, await appendTurn(world.log, 'run-b'))
    await caughtUp(world)
    expect(await rowsIn(views)).toEqual(await foldOf(world.log))
  })
})

describe('whatever the topic repeats and leaves out, and whoever takes it in', () => {
  test('the view is a fold of the log', async () => {
    const anyDelivery = fc.record({ from: fc.nat(30), size: fc.integer({ min: 1, max: 12 }), omitted: fc.boolean() })
    const anyStep = fc.oneof(
      anyDelivery.map((delivery) => ({ type: 'deliver' as const, ...delivery })),
      fc.constantFrom({ type: 'restart' as const }, { type: 'join' as const }, { type: 'rebuild' as const }),
    )
    const anyRuns = fc.array(anySteps, { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(anyRuns, fc.array(anyStep, { maxLength: 12 }), async (runs, schedule) => {
        const world = await openBusWorld(2)
        const views = memoryViewStore()
        const members = [(await feed(world, views)).consumer]
        for (const [run, steps] of runs.entries()) await append(world.log, `run-${run}`, history(`run-${run}`, steps))
        const all = await eventsIn(world.log)
        for (const step of schedule) {
          if (step.type === 'join') members.push((await feed(world, views)).consumer)
          else if (step.type === 'restart') {
            await members.shift()?.close()
            members.push((await feed(world, views)).consumer)
          } else if (step.type === 'rebuild') await members[0]?.rebuild()
          else {
            const events = all.slice(step.from, step.from + step.size)
            await publish(world, ...events.map((event) => (step.omitted ? toOmission(event, 1) : toMessage(event))))
          }
        }
        await relay(
          world,
          runs.map((steps, run) => all.find(({ stream, revision }) => stream === streamOf(`run-${run}`) && revision === steps.length - 1)!),
        )
        await caughtUp(world)
        expect(await rowsIn(views)).toEqual(await foldOf(world.log))
        expect(await viewDifferences(world.log, views)).toEqual([])
        await Promise.all(members.map((member) => member.close()))
      }),
      { numRuns: 60 },
    )
  })
})
