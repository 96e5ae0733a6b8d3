import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { checkEvents } from '../../src/cli/doctor/check-events.ts'
import { newFindings } from '../../src/cli/doctor/findings.ts'
import type { Metrics } from '../../src/consumers/meter.ts'
import { readMetricStanding } from '../../src/consumers/metric-standing.ts'
import { createProjector } from '../../src/consumers/projector.ts'
import { createRelay, LARGEST_MESSAGE_BYTES } from '../../src/consumers/relay.ts'
import { createTracer } from '../../src/consumers/tracer.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { memoryEventLog } from '../../src/eventlog/memory/memory-event-log.ts'
import { RUN_STREAM_PREFIX, streamOf } from '../../src/events/codec.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../src/models/scripted/script.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import type { Span } from '../../src/projections/traces/span.ts'
import { saveState } from '../../src/fold/snapshot.ts'
import { stateAt } from '../../src/runtime/reading/state-at.ts'
import { defineTool } from '../../src/tools/define-tool.ts'
import { memorySnapshotStore } from '../../src/snapshots/snapshot-store.memory.ts'
import { memoryViewStore } from '../../src/views/memory/memory-view-store.ts'
import { newEvents, newStream } from '../conformance/event-log-cases.ts'
import { parentOf } from '../support/parent-charts.ts'
import { manualClock, openWorld, type World } from '../support/world.ts'
import { openBusWorld, messagesIn } from '../unit/consumers/bus-world.ts'
import { openLog, sharedStandIn } from './with-stand-in.ts'

// What is deleted is gone from the whole log: from the embedded one at once, from EventStoreDB with its next scavenge.

interface Place {
  readonly log: EventLog
  /** What is deleted by then is in no read any more. */
  readonly scavenge: () => Promise<void>
}

const standIn = sharedStandIn()
const onStandIn = (): EventLog => openLog(standIn(), { appendTimeoutMs: 10_000, silenceMs: 10_000 })

const places: Readonly<Record<string, () => Place>> = {
  'in the embedded log': () => ({ log: memoryEventLog({ clock: manualClock() }), scavenge: () => Promise.resolve() }),
  'in EventStoreDB before a scavenge': () => ({ log: onStandIn(), scavenge: () => Promise.resolve() }),
  'in EventStoreDB after a scavenge': () => ({ log: onStandIn(), scavenge: () => standIn().scavenge() }),
}

const helper = defineAgent({ name: 'helper', version: '1', instructions: 'Help.', models: ['scripted/one'] })
const boss = parentOf([{ agent: 'helper', key: 'a' }], { name: 'boss' })
const pay = defineTool({
  ...{ name: 'pay', description: 'Pays', input: z.object({}), output: z.string(), effect: 'once', approval: true },
  execute: () => Promise.reject(new Error('it was paid')),
})
const clerk = defineAgent({ name: 'clerk', version: '1', instructions: 'Pay.', models: ['scripted/pay'], tools: [pay] })
const desk = parentOf([{ agent: 'clerk', key: 'a' }], { name: 'desk' })
const by = { by: 'ann', reason: 'asked for' }

let place: Place
const open = (log = place.log, owner = `here/1/${crypto.randomUUID()}`): World =>
  openWorld({
    agents: [boss, helper, desk, clerk],
    models: {
      scripted: scriptedModel(({ model }) => (model === 'pay' ? toolCalls([{ name: 'pay', arguments: {} }]) : answer('Heard.'))),
    },
    log,
    owner,
  })

describe.each(Object.keys(places))('a run that is deleted %s', (where) => {
  let world: World
  beforeEach(() => {
    place = places[where]!()
    world = open()
  })
  afterEach(async () => {
    await world.refold.close()
    await place.log.close()
  })

  const talk = async (runId = `run-${crypto.randomUUID()}`): Promise<string> => {
    const run = await world.refold.start('helper', { runId, message: 'Hi.' })
    await run.untilSettled()
    await run.complete({ by: 'ann' })
    return runId
  }
  const remove = async (runId: string): Promise<void> => {
    expect(await world.refold.delete(runId, by)).toMatchObject({ isDone: true })
    await place.scavenge()
  }
  const positionsOf = async (runId: string): Promise<number[]> =>
    (await Array.fromAsync(place.log.readStream(streamOf(runId)))).map(({ position }) => position)

  test('leaves its positions good to go on from, for every reader of the whole log', async () => {
    const gone = await talk()
    const positions = await positionsOf(gone)
    await remove(gone)
    const stream = newStream()
    await place.log.append(stream, 'no-stream', newEvents(2))
    for (const position of positions) {
      const filter = { streamPrefix: stream }
      expect(await Array.fromAsync(place.log.readAll({ from: position, filter }))).toHaveLength(2)
      const all = await Array.fromAsync(place.log.readAll({ from: position }))
      expect(all.filter((event) => event.stream === stream)).toHaveLength(2)
      const items = await Array.fromAsync(place.log.backlog({ after: position, filter }))
      expect(items.filter(({ kind }) => kind === 'event')).toHaveLength(2)
      let seen = 0
      for await (const item of place.log.subscribe({ after: position, filter })) if (item.kind === 'event' && ++seen === 2) break
    }
  })

  test('may be what the checkpoint of the views names: they go on, and are not filled again', async () => {
    const views = memoryViewStore()
    const catchUp = (): Promise<void> => createProjector({ log: place.log, views }).catchUp()
    // So that the log has its identity, which is an event of its own, before the checkpoint.
    await talk()
    await catchUp()
    const gone = await talk()
    await catchUp()
    expect(await positionsOf(gone)).toContain((await views.checkpoint())?.position)
    await remove(gone)
    const next = await talk()
    const kept = { ...views, clear: () => Promise.reject(new Error('the views were cleared')) }
    await createProjector({ log: place.log, views: kept }).catchUp()
    expect([(await views.get(gone))?.status, (await views.get(next))?.status]).toEqual(['deleted', 'completed'])
    const anew = memoryViewStore()
    await createProjector({ log: place.log, views: anew }).catchUp()
    expect(await anew.get(next)).toEqual(await views.get(next))
    expect((await anew.get(gone))?.status).toBe('deleted')
  })

  test('has no traces and no metrics any more, though the log may still show its events', async () => {
    const [gone, kept] = [await talk(), await talk()]
    await remove(gone)
    const spans: Span[] = []
    const totals: Metrics[] = []
    const turnsIn = ({ totals: all }: Pick<Metrics, 'totals'>): number =>
      all.find(({ metric }) => metric === 'gen_ai.invoke_agent.duration')?.count ?? 0
    const before = turnsIn(await readMetricStanding(place.log))
    const tracer = createTracer({
      log: place.log,
      clock: { ...world.clock, now: () => Date.now() + 3_600_000 },
      owner: 'here',
      uuid: () => crypto.randomUUID(),
      contentLength: 0,
      exportSpans: (ended) => {
        spans.push(...ended)
        return Promise.resolve({ outcome: 'taken', refused: 0 })
      },
      sendMetrics: (metrics) => {
        totals.push(metrics)
        return Promise.resolve({ outcome: 'taken' })
      },
      notify: () => undefined,
    })
    await tracer.catchUp(new AbortController().signal)
    expect(spans.filter(({ runId }) => runId === kept).length).toBeGreaterThan(0)
    expect(spans.filter(({ runId }) => runId === gone)).toEqual([])
    expect(turnsIn(totals.at(-1) ?? { totals: [] }) - before).toBe(spans.filter(({ name }) => name.startsWith('invoke_agent')).length)
  })

  test('may be what the checkpoint of a relay names: it goes on behind it', async () => {
    const { bus, topics } = await openBusWorld()
    const relayUntil = async (runId: string, type: string): Promise<void> => {
      const stop = new AbortController()
      const relay = createRelay({
        ...{ log: place.log, bus, topics, clock: world.clock, streamPrefix: RUN_STREAM_PREFIX, transactional: false },
        ...{ largestMessageBytes: LARGEST_MESSAGE_BYTES, notify: () => undefined },
      })
      const running = relay.run(stop.signal)
      const isThere = async (): Promise<boolean> =>
        (await messagesIn(bus, topics.events)).some(({ key, headers }) => key === runId && headers['ce_type']?.toString() === type)
      while (!(await isThere())) await pause(5)
      stop.abort()
      await running
      expect(await relay.lag()).toMatchObject({ events: 0 })
    }
    const gone = await talk()
    await relayUntil(gone, 'RunCompleted')
    await remove(gone)
    const next = await talk()
    await relayUntil(next, 'RunCompleted')
  })

  test('is not shown from what another process remembers of it', async () => {
    const gone = await talk()
    const agents = world.refold.agents
    const snapshots = memorySnapshotStore()
    const parts = { log: place.log, blobs: world.blobs, agents, snapshots }
    const { state } = await stateAt(parts, gone, 2)
    await snapshots.put(gone, { revision: 2, text: saveState(agents.newest('helper').program, state, 0)! })
    expect((await stateAt(parts, gone, 2)).state.revision).toBe(2)
    const other = open()
    await other.refold.run(gone).state()
    await remove(gone)
    for (const revision of [2, 3]) await expect(stateAt(parts, gone, revision)).rejects.toMatchObject({ code: 'RunDeleted' })
    await expect(other.refold.run(gone).state()).rejects.toMatchObject({ code: 'RunDeleted' })
    await expect(other.refold.run(gone).send({ message: 'Hi?' })).rejects.toMatchObject({ code: 'RunDeleted' })
    await other.refold.close()
  })

  test('leaves a log in which the doctor finds nothing', async () => {
    const kept = await talk()
    await remove(await talk())
    const findings = newFindings()
    await checkEvents({ log: place.log, blobs: world.blobs }, findings, new AbortController().signal)
    const ours = findings.all().filter(({ places: found }) => found.some((at) => at.includes(kept)))
    expect(ours).toEqual([])
  })
})

describe.each(Object.keys(places))('where one of two runs is gone %s,', (where) => {
  let world: World
  beforeEach(() => {
    place = places[where]!()
    world = open()
  })
  afterEach(async () => {
    await world.refold.close()
    await place.log.close()
  })
  const happened = async (runId: string, wanted: string): Promise<void> => {
    for await (const item of place.log.subscribe({ stream: streamOf(runId) }))
      if (item.kind === 'event' && item.event.type === wanted) return
  }
  const bossId = (): string => `boss-${crypto.randomUUID()}`

  test('a parent outlives its child that was deleted', async () => {
    const runId = bossId()
    const run = await world.refold.start('boss', { runId })
    expect((await run.untilSettled()).status).toBe('completed')
    await world.refold.delete(`${runId}.a-1`, by)
    await place.scavenge()
    const other = open()
    expect(await other.refold.run(runId).state()).toMatchObject({ status: 'completed', output: 'Heard.' })
    expect(await other.refold.run(runId).verify()).toMatchObject({ ok: true })
    expect(await other.refold.delete(runId, by)).toMatchObject({ runs: [runId, `${runId}.a-1`], isDone: true })
    await other.refold.close()
  })

  test.each(['deleted', 'gone from the store'])('a parent learns that its child is %s before it was told how it ended', async (how) => {
    const runId = bossId()
    const childId = `${runId}.a-1`
    // The process that would tell it dies.
    const dying: EventLog = {
      ...place.log,
      append: (stream, expected, events) =>
        events.some(({ type }) => type === 'ChildRunSucceeded') ? new Promise(() => undefined) : place.log.append(stream, expected, events),
    }
    const first = open(dying, 'first/1/a')
    await first.refold.start('boss', { runId })
    await happened(childId, 'RunCompleted')
    if (how === 'deleted') await world.refold.delete(childId, by)
    else await place.log.tombstoneStream(streamOf(childId), 'any')
    await place.scavenge()
    const other = open()
    await other.refold.runtime.wake(runId)
    const view = await other.refold.run(runId).untilSettled()
    expect(view).toMatchObject({ status: 'failed' })
    expect(JSON.stringify(view)).toContain(childId)
    await other.refold.close()
  })

  test.each(['deleted', 'gone from the store'])('a child whose parent is %s is cancelled, and pays nothing more', async (how) => {
    const runId = `desk-${crypto.randomUUID()}`
    const childStream = streamOf(`${runId}.a-1`)
    // The process that would cancel it dies, and whoever deletes its parent does not see it.
    const dying: EventLog = {
      ...place.log,
      append: (stream, expected, events) =>
        stream === childStream && events.some(({ type }) => type === 'RunCancelled')
          ? new Promise(() => undefined)
          : place.log.append(stream, expected, events),
      readStream: (stream, options) => place.log.readStream(stream === childStream && hidesChild ? newStream() : stream, options),
    }
    let hidesChild = false
    const first = open(dying, 'first/1/a')
    const parent = await first.refold.start('desk', { runId })
    await happened(`${runId}.a-1`, 'ApprovalRequested')
    if (how === 'deleted') {
      await parent.cancel({ by: 'ann', reason: 'no longer wanted' })
      hidesChild = true
      expect(await first.refold.delete(runId, by)).toMatchObject({ runs: [runId], isDone: true })
    } else await place.log.tombstoneStream(streamOf(runId), 'any')
    await place.scavenge()
    const other = open()
    await other.refold.runtime.wake(`${runId}.a-1`)
    const child = await other.refold.run(`${runId}.a-1`).untilSettled()
    expect(child).toMatchObject({ status: 'cancelled', reason: expect.stringContaining(`${runId}, which asked for it, is gone`) as string })
    await expect(other.refold.run(`${runId}.a-1`).reopen({ by: 'ann' })).rejects.toMatchObject({ code: 'NotPossible' })
    expect(await other.refold.delete(`${runId}.a-1`, by)).toMatchObject({ isDone: true })
    expect(other.notices).toEqual([])
    await other.refold.close()
  })
})

describe('a scavenge of the stand-in', () => {
  const readable = async (log: EventLog, after: number, stream: string): Promise<number[]> => {
    const events = await Array.fromAsync(log.readAll({ from: after, filter: { streamPrefix: stream } }))
    return events.map(({ revision }) => revision)
  }
  test('leaves what one of the real server leaves', async () => {
    const log = onStandIn()
    const after = (await log.append(newStream(), 'no-stream', newEvents(1))).position
    const [deleted, tombstoned, truncated, again] = [newStream(), newStream(), newStream(), newStream()]
    for (const stream of [deleted, tombstoned, truncated, again]) await log.append(stream, 'no-stream', newEvents(100))
    await log.deleteStream(deleted, 99)
    await log.tombstoneStream(tombstoned, 99)
    await log.truncateStream(truncated, 90)
    await log.deleteStream(again, 99)
    await log.append(again, 99, newEvents(2))
    expect(await Array.fromAsync(log.readStream(again))).toHaveLength(2)
    for (const stream of [deleted, tombstoned, truncated]) expect(await readable(log, after, stream)).toHaveLength(100)
    await standIn().scavenge()
    expect(await readable(log, after, deleted)).toEqual([99])
    expect(await readable(log, after, tombstoned)).toEqual([])
    expect(await readable(log, after, truncated)).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99])
    expect(await readable(log, after, again)).toEqual([100, 101])
    await log.close()
  })
})
