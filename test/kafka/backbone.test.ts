import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { memoryBlobStore } from '../../src/blobs/blob-store.memory.ts'
import type { Bus, BusMessage } from '../../src/bus/bus.ts'
import { systemClock, systemIds } from '../../src/clock.ts'
import { consumeCommands } from '../../src/consumers/commands-in.ts'
import { startEventConsumer } from '../../src/consumers/event-consumer.ts'
import { toOmission } from '../../src/consumers/event-message.ts'
import { createRelay, LARGEST_MESSAGE_BYTES, type Relay, type RelayNotice, type RelayOptions } from '../../src/consumers/relay.ts'
import { topicSpecs, topicsOf, type Topics } from '../../src/consumers/topics.ts'
import { isAppError } from '../../src/errors.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { memoryEventLog } from '../../src/eventlog/memory/memory-event-log.ts'
import { RUN_STREAM_PREFIX, streamOf } from '../../src/events/codec.ts'
import { applyToRunRow, type RunRow } from '../../src/projections/run-index.ts'
import { agentRegistry } from '../../src/runtime/code/agents.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import { createRuntime, type Runtime } from '../../src/runtime/runtime.ts'
import { memorySnapshotStore } from '../../src/snapshots/snapshot-store.memory.ts'
import { viewDifferences } from '../../simulation/view-differences.ts'
import { sqliteViewStore } from '../../src/views/sqlite/sqlite-view-store.ts'
import { byStream, eventsIn, messagesIn, relayed } from '../unit/consumers/bus-world.ts'
import { history, oneTurn } from '../unit/consumers/run-history.ts'
import { openKafkaBus, ownKafka } from './test-kafka.ts'

const kafka = await ownKafka('relay, commands and views on Kafka')
const folder = mkdtempSync(join(tmpdir(), 'refold-backbone-'))
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})
afterAll(async () => {
  await kafka?.stop()
  rmSync(folder, { recursive: true })
})

interface Backbone {
  readonly bus: Bus
  readonly topics: Topics
  readonly log: EventLog
}

const openBackbone = async (): Promise<Backbone> => {
  const { bus } = openKafkaBus(kafka!)
  ends.push(() => bus.close())
  const topics = topicsOf(`test-${randomUUID()}`)
  await bus.ensureTopics(topicSpecs(topics, 3))
  return { bus, topics, log: memoryEventLog({ clock: systemClock }) }
}

interface RunningRelay {
  readonly relay: Relay
  readonly notices: readonly RelayNotice[]
  readonly ended: Promise<unknown>
  stop(): Promise<void>
}

const startRelay = (backbone: Backbone, change: Partial<RelayOptions> = {}): RunningRelay => {
  const notices: RelayNotice[] = []
  const relay = createRelay({
    ...backbone,
    clock: systemClock,
    streamPrefix: RUN_STREAM_PREFIX,
    transactional: false,
    largestMessageBytes: LARGEST_MESSAGE_BYTES,
    notify: (notice) => notices.push(notice),
    ...change,
  })
  const stopping = new AbortController()
  const ended = relay.run(stopping.signal).catch((error: unknown) => error)
  const stop = async (): Promise<void> => {
    stopping.abort()
    await ended
  }
  ends.push(stop)
  return { relay, notices, ended, stop }
}

/** Asks the broker until there is nothing left: a broker that is away is asked again. */
const until = (isDone: () => Promise<boolean>): Promise<boolean> =>
  vi.waitUntil(
    () =>
      isDone().catch((error: unknown) => {
        if (isAppError(error, 'BusUnavailable')) return false
        throw error
      }),
    { interval: 50, timeout: 60_000 },
  )

const carried = ({ relay }: RunningRelay): Promise<boolean> => until(async () => (await relay.lag()).events === 0)

const appendTurns = async (log: EventLog, runIds: readonly string[]): Promise<void> => {
  for (const runId of runIds)
    for (const [at, event] of history(runId, oneTurn).entries()) await log.append(streamOf(runId), at === 0 ? 'no-stream' : at - 1, [event])
}

const runsOf = (name: string, count: number): string[] => Array.from({ length: count }, (_, views) => `${name}-${views}`)

/** Tells when so many have subscribed. */
const watchedLog = (log: EventLog, count: number): { readonly log: EventLog; readonly subscribed: Promise<unknown> } => {
  const reached = Promise.withResolvers<undefined>()
  let subscriptions = 0
  return {
    log: {
      ...log,
      subscribe: (options) => {
        subscriptions += 1
        if (subscriptions === count) reached.resolve(undefined)
        return log.subscribe(options)
      },
    },
    subscribed: reached.promise,
  }
}

describe.skipIf(kafka === undefined)('the relay on Kafka', () => {
  test(
    'that runs twice repeats events, but loses none and mixes up none, and the next goes on behind them',
    { timeout: 60_000 },
    async () => {
      const backbone = await openBackbone()
      const { log, subscribed } = watchedLog(backbone.log, 2)
      const relays = [startRelay({ ...backbone, log }), startRelay({ ...backbone, log })]
      // Both have looked at the checkpoint before there is any.
      await subscribed
      await appendTurns(backbone.log, runsOf('run', 40))
      await Promise.all(relays.map(carried))
      await Promise.all(relays.map(({ stop }) => stop()))
      const both = relayed(await messagesIn(backbone.bus, backbone.topics.events))
      expect({ ...both, repeated: both.repeated > 0 }).toEqual({
        streams: byStream(await eventsIn(backbone.log)),
        outOfOrder: [],
        repeated: true,
      })
      await appendTurns(backbone.log, runsOf('later', 5))
      await carried(startRelay(backbone))
      const all = relayed(await messagesIn(backbone.bus, backbone.topics.events))
      expect(all).toEqual({ streams: byStream(await eventsIn(backbone.log)), outOfOrder: [], repeated: 480 })
    },
  )

  test('in transactions repeats nothing, and ends the one that began first', { timeout: 60_000 }, async () => {
    const backbone = await openBackbone()
    const first = startRelay(backbone, { transactional: true })
    await appendTurns(backbone.log, runsOf('run', 5))
    await carried(first)
    const second = startRelay(backbone, { transactional: true })
    let fenced: RunningRelay | undefined
    void first.ended.then(() => (fenced = first))
    void second.ended.then(() => (fenced = second))
    // Whichever of the two opened its publisher last has fenced off the other, which learns it with its next batch.
    let count = 0
    await until(async () => {
      await appendTurns(backbone.log, [`next-${count++}`])
      return fenced !== undefined
    })
    expect(await fenced?.ended).toMatchObject({ code: 'BusFenced' })
    await carried(fenced === first ? second : first)
    await Promise.all([first.stop(), second.stop()])
    const { streams, outOfOrder, repeated } = relayed(await messagesIn(backbone.bus, backbone.topics.events))
    expect({ streams, outOfOrder, repeated }).toEqual({ streams: byStream(await eventsIn(backbone.log)), outOfOrder: [], repeated: 0 })
  })

  test('replaces what a topic does not take, and carries the rest', { timeout: 60_000 }, async () => {
    const backbone = await openBackbone()
    const events = `${backbone.topics.events}.small`
    await backbone.bus.ensureTopics([{ topic: events, partitions: 3, keeps: 60_000, maxMessageBytes: 20_000 }])
    const [first, second] = history('run-large', oneTurn)
    await backbone.log.append(streamOf('run-large'), 'no-stream', [
      first!,
      { ...second!, data: JSON.stringify({ text: 'x'.repeat(50_000) }) },
    ])
    await appendTurns(backbone.log, runsOf('run', 20))
    const relay = startRelay({ ...backbone, topics: { ...backbone.topics, events } })
    await carried(relay)
    const { streams, outOfOrder } = relayed(await messagesIn(backbone.bus, events))
    const { [streamOf('run-large')]: large, ...others } = streams
    expect(outOfOrder).toEqual([])
    expect(large).toMatchObject([{ revision: 0 }, 'omitted'])
    expect({ ...others, [streamOf('run-large')]: expect.anything() as unknown }).toEqual(byStream(await eventsIn(backbone.log)))
    expect(relay.notices.filter(({ type }) => type === 'eventOmitted')).toHaveLength(1)
  })
})

const acceptor = (log: EventLog): Runtime =>
  createRuntime(
    {
      log,
      blobs: memoryBlobStore(),
      snapshots: memorySnapshotStore(),
      agents: agentRegistry([defineAgent({ name: 'shop', version: '1', instructions: '', models: ['none/none'] })]),
      models: {},
      clock: systemClock,
      ids: systemIds,
      random: Math.random,
      owner: 'here/1/acceptor',
      ownerIsGone: () => false,
      costOf: () => 0,
      modelConcurrency: 1,
      notify: () => undefined,
      onDelta: () => undefined,
    },
    { performs: false },
  )

const command = (runId: string, type: string, body: Record<string, unknown>): BusMessage => ({
  key: runId,
  value: JSON.stringify({ type, commandId: `${type}-${runId}`, runId, ...body }),
  headers: {},
})

/** What the view has to be: a fold of the log. */
const foldOf = async (log: EventLog): Promise<Record<string, RunRow>> => {
  const rows: Record<string, RunRow> = {}
  for (const event of await eventsIn(log)) {
    const runId = event.stream.slice(event.stream.indexOf('-') + 1)
    rows[runId] = applyToRunRow(rows[runId], event)
  }
  return rows
}

describe.skipIf(kafka === undefined)('from a command to the view', () => {
  test('nothing is lost and nothing is doubled, though the broker is killed under load', { timeout: 120_000 }, async () => {
    const backbone = await openBackbone()
    const { bus, topics, log } = backbone
    const views = sqliteViewStore({ path: join(folder, 'views.db') })
    ends.push(() => views.close())
    const refused: string[] = []
    const commands = consumeCommands({
      ...backbone,
      group: `${topics.commands}.in`,
      clock: systemClock,
      runtime: acceptor(log),
      notify: ({ runId }) => refused.push(runId),
    })
    ends.push(() => commands.close())
    const view = await startEventConsumer({
      ...backbone,
      views,
      group: `${topics.events}.view`,
      clock: systemClock,
      notify: () => undefined,
    })
    ends.push(() => view.close())
    const relay = startRelay(backbone)

    const runIds = runsOf('run', 60)
    const publisher = await bus.openPublisher()
    let restarted: Promise<void> | undefined
    for (const [at, runId] of runIds.entries()) {
      const start = command(runId, 'startRun', { agent: 'shop', message: 'Where is my order?' })
      const pause = command(runId, 'pause', { by: 'dana' })
      const invalid = command(runId, 'fly', {})
      const published = [{ topic: topics.commands, messages: [start, pause, start, invalid, pause] }]
      await until(async () => {
        await publisher.publish(published)
        return true
      })
      await appendTurns(log, [`direct-${at}`])
      if (at === 20) restarted = kafka!.kill().then(() => kafka!.start())
      if (at === 40) await view.rebuild().catch(() => undefined)
    }
    await restarted
    await publisher.close()

    await until(async () => (await bus.lag(`${topics.commands}.in`, topics.commands)) === 0)
    await carried(relay)
    await until(async () => (await view.lag()) === 0)
    const expected = await foldOf(log)
    expect(Object.keys(expected)).toHaveLength(120)
    expect(Object.fromEntries((await views.getMany(Object.keys(expected))).map((row) => [row.runId, row]))).toEqual(expected)
    expect(await viewDifferences(log, views)).toEqual([])
    for (const runId of runIds) expect(expected[runId]).toMatchObject({ revision: 2, paused: true, messages: 1 })
    const { streams, outOfOrder } = relayed(await messagesIn(bus, topics.events))
    expect({ streams, outOfOrder }).toEqual({ streams: byStream(await eventsIn(log)), outOfOrder: [] })
    const letters = await messagesIn(bus, topics.commandsDeadLetters)
    expect(new Set(letters.map(({ key }) => key))).toEqual(new Set(runIds))
    expect(new Set(letters.map(({ headers }) => headers['dlq-code']))).toEqual(new Set(['InvalidInput']))
    expect(new Set(refused)).toEqual(new Set(runIds))
  })

  test('a view on a topic with gaps and repetitions is a fold of the log', { timeout: 60_000 }, async () => {
    const backbone = await openBackbone()
    const { bus, topics, log } = backbone
    const views = sqliteViewStore({ path: join(folder, 'gaps.db') })
    ends.push(() => views.close())
    const view = await startEventConsumer({
      ...backbone,
      views,
      group: `${topics.events}.view`,
      clock: systemClock,
      notify: () => undefined,
    })
    ends.push(() => view.close())
    await appendTurns(log, runsOf('run', 3))
    const events = await eventsIn(log)
    const publisher = await bus.openPublisher()
    const stubs = events.filter(({ revision }) => revision % 4 === 3).map((event) => toOmission(event, 2_000_000))
    await publisher.publish([{ topic: topics.events, messages: [...stubs, { key: 'x', value: 'hello', headers: {} }, ...stubs] }])
    await publisher.close()
    await until(async () => (await view.lag()) === 0)
    const expected = await foldOf(log)
    expect(Object.fromEntries((await views.getMany(Object.keys(expected))).map((row) => [row.runId, row]))).toEqual(expected)
    expect(await viewDifferences(log, views)).toEqual([])
    expect(await messagesIn(bus, topics.eventsDeadLetters)).toMatchObject([{ key: 'x', value: 'hello' }])
  })
})
