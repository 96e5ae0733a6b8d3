import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import type { Bus } from '../../../src/bus/bus.ts'
import { identify } from '../../../src/consumers/log-identity.ts'
import { recordRestore } from '../../../src/consumers/restored-log.ts'
import { createRelay, LARGEST_MESSAGE_BYTES, type Relay, type RelayNotice, type RelayOptions } from '../../../src/consumers/relay.ts'
import { readCheckpoint } from '../../../src/consumers/relay-checkpoint.ts'
import { AppError } from '../../../src/errors.ts'
import type { EventLog, NewEvent } from '../../../src/eventlog/event-log.ts'
import { RUN_STREAM_PREFIX, streamOf } from '../../../src/events/codec.ts'
import { copiedLog } from '../../support/copied-log.ts'
import { byStream, eventsIn, messagesIn, openBusWorld, relayed, type BusWorld } from './bus-world.ts'
import { history, message, newEvent, oneTurn, recorded } from './run-history.ts'

interface OpenRelay {
  readonly relay: Relay
  readonly notices: readonly RelayNotice[]
}

const openRelay = (world: BusWorld, change: Partial<RelayOptions> = {}): OpenRelay => {
  const notices: RelayNotice[] = []
  const relay = createRelay({
    ...world,
    streamPrefix: RUN_STREAM_PREFIX,
    transactional: false,
    largestMessageBytes: LARGEST_MESSAGE_BYTES,
    notify: (notice) => notices.push(notice),
    ...change,
  })
  return { relay, notices }
}

const append = async (log: EventLog, runId: string, events: readonly NewEvent[], from = 0): Promise<void> => {
  await log.append(streamOf(runId), from === 0 ? 'no-stream' : from - 1, events)
}

const appendTurn = (log: EventLog, runId: string): Promise<void> => append(log, runId, history(runId, oneTurn))

/** A bus whose publishers say what has come, and fail where they are told to. */
const watched = (
  bus: Bus,
  fail: (call: number) => 'before' | 'after' | undefined,
): { bus: Bus; reached: (messages: number) => Promise<void> } => {
  let calls = 0
  let messages = 0
  let bell = Promise.withResolvers<undefined>()
  const away = (): AppError => new AppError('BusUnavailable', 'the broker is away', { retryable: true })
  return {
    bus: {
      ...bus,
      async openPublisher(options) {
        const publisher = await bus.openPublisher(options)
        return {
          ...publisher,
          async publish(topics) {
            const fault = fail(++calls)
            if (fault === 'before') throw away()
            await publisher.publish(topics)
            if (fault === 'after') throw away()
            messages += topics[0]?.messages.length ?? 0
            bell.resolve(undefined)
            bell = Promise.withResolvers()
          },
        }
      },
    },
    async reached(count) {
      while (messages < count) await bell.promise
    },
  }
}

const never = (): undefined => undefined

/** Runs the relay until so many messages were acknowledged to it. */
const relayUntil = async (world: BusWorld, count: number, change: Partial<RelayOptions> = {}): Promise<readonly RelayNotice[]> => {
  const { bus, reached } = watched(world.bus, never)
  const { relay, notices } = openRelay(world, { bus, ...change })
  const stop = new AbortController()
  const running = relay.run(stop.signal)
  await Promise.race([reached(count), running])
  stop.abort()
  await running
  return notices
}

describe('the relay', () => {
  test('puts every event of a run onto the bus as a CloudEvent, character by character', async () => {
    const world = await openBusWorld()
    await appendTurn(world.log, 'run-ä')
    await world.log.append('other-stream', 'no-stream', [newEvent('x', 0, oneTurn[0]!)])
    await appendTurn(world.log, 'run-b')
    await relayUntil(world, 24)
    const messages = await messagesIn(world.bus, world.topics.events)
    expect(relayed(messages)).toEqual({ streams: byStream(await eventsIn(world.log)), outOfOrder: [], repeated: 0 })
    const [stored] = await eventsIn(world.log)
    expect(messages.find(({ key }) => key === 'run-ä')).toMatchObject({
      value: stored!.data,
      headers: {
        ce_specversion: '1.0',
        ce_id: stored!.id,
        ce_type: 'RunStarted',
        ce_source: '/agents/order-desk',
        ce_subject: 'run-ä',
        ce_time: new Date(stored!.storedAt).toISOString(),
        'content-type': 'application/json',
        'correlation-id': 'run-ä',
        'refold-revision': '0',
      },
    })
  })
  test('goes on behind its checkpoint', async () => {
    const world = await openBusWorld()
    await appendTurn(world.log, 'run-a')
    await relayUntil(world, 12)
    await appendTurn(world.log, 'run-b')
    await relayUntil(world, 12)
    const { streams, repeated } = relayed(await messagesIn(world.bus, world.topics.events))
    expect(streams).toEqual(byStream(await eventsIn(world.log)))
    expect(repeated).toBe(0)
  })
  test('of a prefix carries its streams only, and has a checkpoint of its own', async () => {
    const world = await openBusWorld()
    const runs = ['run-a', 'run-b', 'run-c', 'run-d', 'run-e']
    for (const runId of runs) await appendTurn(world.log, runId)
    const prefix = streamOf('run-c').slice(0, 'run.3f'.length)
    await relayUntil(world, 12, { streamPrefix: prefix })
    expect(Object.keys(relayed(await messagesIn(world.bus, world.topics.events)).streams)).toEqual([streamOf('run-c')])
    await relayUntil(world, 60)
    expect(new Set((await messagesIn(world.bus, world.topics.relayCheckpoints)).map(({ key }) => key))).toEqual(new Set([prefix, 'run.']))
  })
  test('carries events that it cannot read', async () => {
    const world = await openBusWorld()
    const broken = newEvent('run-a', 1, recorded(message('Hi'), 'thinking'))
    await append(world.log, 'run-a', history('run-a', oneTurn.slice(0, 1)))
    await append(world.log, 'run-a', [{ ...broken, type: 'Unheard', data: '{"text":', meta: 'none' }], 1)
    await relayUntil(world, 2)
    expect(relayed(await messagesIn(world.bus, world.topics.events)).streams).toEqual(byStream(await eventsIn(world.log)))
  })
})

describe('an event that is too large for a message', () => {
  const large = (runId: string, revision: number): NewEvent => {
    const event = newEvent(runId, revision, recorded(message('Hi'), 'thinking'))
    return { ...event, data: JSON.stringify({ text: 'x'.repeat(50_000) }) }
  }

  test('is replaced by its reference', async () => {
    const world = await openBusWorld()
    await append(world.log, 'run-a', [...history('run-a', oneTurn.slice(0, 1)), large('run-a', 1)])
    const notices = await relayUntil(world, 2, { largestMessageBytes: 20_000 })
    const messages = await messagesIn(world.bus, world.topics.events)
    expect(relayed(messages).streams).toEqual({ [streamOf('run-a')]: [expect.anything() as unknown, 'omitted'] })
    expect(JSON.parse(messages[1]!.value!)).toMatchObject({ type: 'MessageReceived', stream: streamOf('run-a'), revision: 1 })
    expect(messages[1]!.headers).toMatchObject({ ce_type: 'EventOmitted', ce_subject: 'run-a' })
    expect(notices).toMatchObject([{ type: 'eventOmitted', stream: streamOf('run-a'), revision: 1 }])
  })
  test('is found out by the bus where the topic takes less than was promised, and the others come through', async () => {
    const world = await openBusWorld()
    const events = `${world.topics.events}.small`
    await world.bus.ensureTopics([{ topic: events, partitions: 2, keeps: 1e9, maxMessageBytes: 20_000 }])
    const topics = { ...world.topics, events }
    await append(world.log, 'run-a', [...history('run-a', oneTurn.slice(0, 1)), large('run-a', 1)])
    await append(world.log, 'run-b', history('run-b', oneTurn))
    const notices = await relayUntil(world, 14, { topics })
    const { streams, outOfOrder } = relayed(await messagesIn(world.bus, events))
    expect(outOfOrder).toEqual([])
    expect(streams[streamOf('run-a')]).toMatchObject([{ revision: 0 }, 'omitted'])
    expect(streams[streamOf('run-b')]).toHaveLength(12)
    expect(notices).toHaveLength(1)
  })
})

describe('a relay whose bus fails', () => {
  test.each(['before', 'after'] as const)('%s a batch is stored repeats the same batch, and loses nothing', async (fault) => {
    const world = await openBusWorld()
    await appendTurn(world.log, 'run-a')
    const { bus, reached } = watched(world.bus, (call) => (call <= 3 ? fault : undefined))
    const { relay, notices } = openRelay(world, { bus })
    const stop = new AbortController()
    const running = relay.run(stop.signal)
    while (notices.length < 3) await pastTimers(world)
    await pastTimers(world)
    await Promise.race([reached(12), running])
    stop.abort()
    await running
    const { streams, outOfOrder } = relayed(await messagesIn(world.bus, world.topics.events))
    expect({ streams, outOfOrder }).toEqual({ streams: byStream(await eventsIn(world.log)), outOfOrder: [] })
    expect(notices).toMatchObject(Array(3).fill({ type: 'relayFailed', message: 'the broker is away' }))
  })
  test('in a transaction reads its checkpoint again, and repeats nothing', async () => {
    const world = await openBusWorld()
    await appendTurn(world.log, 'run-a')
    const { bus } = watched(world.bus, (call) => (call === 1 ? 'after' : undefined))
    const { relay, notices } = openRelay(world, { bus, transactional: true })
    const stop = new AbortController()
    const running = relay.run(stop.signal)
    while (notices.length < 1) await pastTimers(world)
    await pastTimers(world)
    await appendTurn(world.log, 'run-b')
    while ((await relay.lag()).events > 0) await pastTimers(world)
    stop.abort()
    await running
    const { streams, repeated } = relayed(await messagesIn(world.bus, world.topics.events))
    expect(streams).toEqual(byStream(await eventsIn(world.log)))
    expect(repeated).toBe(0)
  })
  test('in a way that does not pass ends', async () => {
    const world = await openBusWorld()
    await appendTurn(world.log, 'run-a')
    const { relay } = openRelay(world, { topics: { ...world.topics, events: 'nowhere' } })
    await expect(relay.run(new AbortController().signal)).rejects.toMatchObject({ code: 'InvalidConfiguration' })
  })
})

/** Lets what is ready go on, then fires the next timer. */
const pastTimers = async ({ clock }: BusWorld): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve))
  clock.next()
}

describe('two relays of one prefix at once', () => {
  test('repeat events, but lose none and mix up none', async () => {
    const world = await openBusWorld()
    for (const runId of ['run-a', 'run-b', 'run-c']) await appendTurn(world.log, runId)
    await Promise.all([relayUntil(world, 36), relayUntil(world, 36)])
    const { streams, outOfOrder, repeated } = relayed(await messagesIn(world.bus, world.topics.events))
    expect({ streams, outOfOrder, repeated }).toEqual({ streams: byStream(await eventsIn(world.log)), outOfOrder: [], repeated: 36 })
  })
  test('in transactions end the one that began first', async () => {
    const world = await openBusWorld()
    await appendTurn(world.log, 'run-a')
    const first = openRelay(world, { transactional: true }).relay
    const running = first.run(new AbortController().signal)
    const ended = expect(running).rejects.toMatchObject({ code: 'BusFenced' })
    while ((await first.lag()).events > 0) await pastTimers(world)
    const stop = new AbortController()
    const second = openRelay(world, { transactional: true }).relay
    const secondRunning = second.run(stop.signal)
    await pastTimers(world)
    await appendTurn(world.log, 'run-b')
    await ended
    while ((await second.lag()).events > 0) await pastTimers(world)
    stop.abort()
    await secondRunning
    const { streams, repeated } = relayed(await messagesIn(world.bus, world.topics.events))
    expect(streams).toEqual(byStream(await eventsIn(world.log)))
    expect(repeated).toBe(0)
  })
})

describe('a relay that is killed anywhere and started again', () => {
  test('loses nothing and mixes up nothing, however many there are and whatever fails', async () => {
    const anyLife = fc.record({
      upTo: fc.integer({ min: 1, max: 20 }),
      faults: fc.array(fc.constantFrom('before', 'after', undefined), { maxLength: 4 }),
      appends: fc.array(fc.record({ run: fc.nat(3), size: fc.integer({ min: 1, max: 4 }) }), { maxLength: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(anyLife, { minLength: 1, maxLength: 6 }), async (lives) => {
        const world = await openBusWorld()
        const left = [0, 1, 2, 3].map((run) => history(`run-${run}`, oneTurn))
        const stops: { stop: AbortController; running: Promise<void> }[] = []
        for (const { faults, appends } of lives) {
          for (const { run, size } of appends) {
            const events = left[run]!.splice(0, size)
            if (events.length > 0) await append(world.log, `run-${run}`, events, 12 - left[run]!.length - events.length)
          }
          const { bus } = watched(world.bus, (call) => faults[call - 1])
          const stop = new AbortController()
          stops.push({ stop, running: openRelay(world, { bus }).relay.run(stop.signal) })
          await pastTimers(world)
          // The one before is killed while the next is at work already.
          if (stops.length > 1) stops[stops.length - 2]!.stop.abort()
        }
        const last = openRelay(world).relay
        const stop = new AbortController()
        stops.push({ stop, running: last.run(stop.signal) })
        do await pastTimers(world)
        while ((await last.lag()).events > 0)
        for (const each of stops) each.stop.abort()
        await Promise.all(stops.map(({ running }) => running))
        const { streams, outOfOrder } = relayed(await messagesIn(world.bus, world.topics.events))
        expect({ streams, outOfOrder }).toEqual({ streams: byStream(await eventsIn(world.log)), outOfOrder: [] })
      }),
      { numRuns: 60 },
    )
  })
})

const withoutStream = (log: EventLog, stream: string): EventLog => ({
  ...log,
  async *readAll({ limit = Infinity, ...options } = {}) {
    let left = limit
    for await (const event of log.readAll(options)) if (event.stream !== stream && left-- > 0) yield event
  },
})

describe('a checkpoint', () => {
  const refused = async (world: BusWorld): Promise<void> => {
    const running = openRelay(world).relay.run(new AbortController().signal)
    await expect(running).rejects.toMatchObject({ code: 'InvalidConfiguration' })
  }

  test('of another log is refused, also where this log is empty', async () => {
    const world = await openBusWorld()
    await appendTurn(world.log, 'run-a')
    await relayUntil(world, 12)
    const other = await openBusWorld()
    await refused({ ...other, bus: world.bus, topics: world.topics })
    await appendTurn(other.log, 'run-b')
    await appendTurn(other.log, 'run-c')
    await refused({ ...other, bus: world.bus, topics: world.topics })
  })

  const restored = async (world: BusWorld): Promise<BusWorld> => {
    await append(world.log, 'run-a', history('run-a', oneTurn.slice(0, 3)))
    await relayUntil(world, 3)
    const log = await copiedLog(world.log, world)
    await append(world.log, 'run-a', history('run-a', oneTurn).slice(3), 3)
    await relayUntil(world, oneTurn.length - 3)
    return { ...world, log }
  }
  const typesOf = async ({ bus, topics }: BusWorld, runId: string): Promise<(string | undefined)[]> =>
    (await messagesIn(bus, topics.events)).filter(({ key }) => key === runId).map(({ headers }) => headers.ce_type)

  test('ahead of an older copy goes on where the copy ends, as whoever has found it out has recorded', async () => {
    const world = await openBusWorld()
    const { log } = await restored(world)
    const head = (await log.head()) ?? 0
    await recordRestore({ log }, { identity: await identify(log), head, known: undefined })
    await appendTurn(log, 'run-b')
    const before = await typesOf(world, 'run-a')
    await relayUntil({ ...world, log }, oneTurn.length)
    expect(await typesOf(world, 'run-b')).toHaveLength(oneTurn.length)
    expect(await typesOf(world, 'run-a')).toEqual(before)
  })

  test('ahead of an older copy that others work on already carries all of it again, and tells the log', async () => {
    const world = await openBusWorld()
    const { log } = await restored(world)
    await append(log, 'run-b', history('run-b', oneTurn.slice(0, 2)))
    await relayUntil({ ...world, log }, 5)
    expect(await typesOf(world, 'run-b')).toHaveLength(2)
    expect((await identify(log)).restores).toMatchObject([{ by: 'the relay' }])
  })

  test('is of this log still where the first events were scavenged, and of no other', async () => {
    const world = await openBusWorld()
    await appendTurn(world.log, 'run-a')
    await appendTurn(world.log, 'run-b')
    await relayUntil(world, 24)
    await appendTurn(world.log, 'run-c')
    const scavenged = withoutStream(world.log, streamOf('run-a'))
    await relayUntil({ ...world, log: scavenged }, 12)
    const { streams, repeated } = relayed(await messagesIn(world.bus, world.topics.events))
    expect(streams).toEqual(byStream(await eventsIn(world.log)))
    expect(repeated).toBe(0)
    const restored = await openBusWorld()
    for (const runId of ['run-w', 'run-x', 'run-y', 'run-z']) await appendTurn(restored.log, runId)
    await refused({ ...restored, bus: world.bus, topics: world.topics })
  })
  test('that is none is refused', async () => {
    const world = await openBusWorld()
    const publisher = await world.bus.openPublisher()
    await publisher.publish([{ topic: world.topics.relayCheckpoints, messages: [{ key: 'run.', value: 'far', headers: {} }] }])
    await refused(world)
  })
})

describe('a log that is shared with others', () => {
  const foreign = async ({ log }: BusWorld, streams: number): Promise<void> => {
    for (let i = 0; i < streams; i++) await log.append(`orders-${randomUUID()}`, 'no-stream', [newEvent('x', 0, oneTurn[0]!)])
  }
  /** Runs the relay until its checkpoint says that it has passed so far. */
  const relayPast = async (world: BusWorld, position: number): Promise<void> => {
    const { relay } = openRelay(world)
    const stop = new AbortController()
    const running = relay.run(stop.signal)
    while (((await readCheckpoint({ ...world, streamPrefix: RUN_STREAM_PREFIX }))?.passed ?? 0) < position) {
      world.clock.advance(10_000)
      await foreign(world, 1)
      await nextTurn()
    }
    stop.abort()
    await running
  }

  test('is passed once: the checkpoint goes on where there is nothing to carry', async () => {
    const world = await openBusWorld()
    await foreign(world, 40)
    await relayPast(world, (await world.log.head()) ?? 0)
    await appendTurn(world.log, 'run-a')
    await foreign(world, 40)
    await relayPast(world, (await world.log.head()) ?? 0)
    const after: (number | undefined)[] = []
    const log: EventLog = {
      ...world.log,
      subscribe: (options) => {
        after.push(options?.after)
        return world.log.subscribe(options)
      },
    }
    await appendTurn(world.log, 'run-b')
    await relayUntil({ ...world, log }, 12)
    const passed = after[0] ?? 0
    const behind = await Array.fromAsync(world.log.readAll({ from: passed }))
    expect(behind.filter(({ stream }) => stream.startsWith('orders-')).length).toBeLessThanOrEqual(2)
    const { streams, repeated } = relayed(await messagesIn(world.bus, world.topics.events))
    expect(streams).toEqual(byStream(await eventsIn(world.log)))
    expect(repeated).toBe(0)
    expect(await openRelay(world).relay.lag()).toEqual({ events: 0, seconds: 0 })
  })
})

describe('the lag of a relay', () => {
  test('is told in events and in seconds', async () => {
    const world = await openBusWorld()
    const { relay } = openRelay(world)
    expect(await relay.lag()).toEqual({ events: 0, seconds: 0 })
    await append(world.log, 'run-a', history('run-a', oneTurn.slice(0, 2)))
    world.clock.advance(90_000)
    await append(world.log, 'run-b', history('run-b', oneTurn.slice(0, 1)))
    world.clock.advance(30_000)
    expect(await relay.lag()).toEqual({ events: 3, seconds: 120 })
    await relayUntil(world, 3)
    expect(await openRelay(world).relay.lag()).toEqual({ events: 0, seconds: 0 })
  })
})
