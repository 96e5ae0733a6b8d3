import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../src/clock.ts'
import { startEventConsumer } from '../src/consumers/event-consumer.ts'
import { createRelay, LARGEST_MESSAGE_BYTES } from '../src/consumers/relay.ts'
import type { EventLog } from '../src/eventlog/event-log.ts'
import { RUN_STREAM_PREFIX, runIdOf } from '../src/events/codec.ts'
import type { CopiedRuns } from './copied-runs.ts'
import { madeTopics, openBus } from './relay-rate.ts'
import { spreadOf, type Spread } from './rounds.ts'
import { openSqliteView } from './sqlite-view.ts'
import { watchedView } from './watched-view.ts'

export interface VisibleAfter {
  /** Events a second that others append meanwhile. */
  readonly backgroundEventsPerSecond: number
  /** Over rounds; milliseconds. */
  readonly p50: Spread
  readonly p99: Spread
}

export interface VisibleOptions {
  readonly rounds: number
  readonly samplesPerRound: number
  /** Appends of two events a second, beside the samples. */
  readonly backgroundAppendsPerSecond: number
}

const PAUSE_MS = 10
const BACKGROUND_TICK_MS = 20

/** From the call of an append to the transaction of the view that holds its event, through relay and Kafka. All but the servers is this process. */
export const measureVisibleAfter = async (
  { address, folder, log }: { readonly address: string; readonly folder: string; readonly log: EventLog },
  runs: CopiedRuns,
  { rounds, samplesPerRound, backgroundAppendsPerSecond }: VisibleOptions,
): Promise<VisibleAfter> => {
  const pipeline = await openPipeline(address, folder, log)
  const background = startBackground(log, runs, backgroundAppendsPerSecond)
  const [p50, p99]: [number[], number[]] = [[], []]
  for (let round = -1; round < rounds; round++) {
    const samples: number[] = []
    let left = runs.next()
    let at = 0
    while (samples.length < samplesPerRound) {
      const event = left.events[at]
      if (event === undefined) {
        left = runs.next()
        at = 0
        continue
      }
      const began = performance.now()
      const seen = pipeline.seen(`${runIdOf(left.stream)}@${at}`)
      await log.append(left.stream, at === 0 ? 'no-stream' : at - 1, [event])
      samples.push((await seen) - began)
      at += 1
      await delay(PAUSE_MS)
    }
    if (round < 0) continue
    samples.sort((a, b) => a - b)
    p50.push(samples[Math.floor(samples.length * 0.5)] ?? Number.NaN)
    p99.push(samples[Math.floor(samples.length * 0.99)] ?? Number.NaN)
  }
  const backgroundEventsPerSecond = await background.stop()
  await pipeline.close()
  return { backgroundEventsPerSecond, p50: spreadOf(p50), p99: spreadOf(p99) }
}

interface Pipeline {
  /** Resolves with the time at which the event at `<run id>@<revision>` had been written into the view. */
  seen(place: string): Promise<number>
  close(): Promise<void>
}

const openPipeline = async (address: string, folder: string, log: EventLog): Promise<Pipeline> => {
  const bus = openBus(address)
  const topics = await madeTopics(bus)
  const target = openSqliteView(folder)
  const waiting = new Map<string, (at: number) => void>()
  const view = watchedView(target.views, (events) => {
    const now = performance.now()
    for (const { runId, revision } of events) waiting.get(`${runId}@${revision}`)?.(now)
  })
  const relay = createRelay({
    log,
    bus,
    topics,
    clock: systemClock,
    streamPrefix: RUN_STREAM_PREFIX,
    transactional: false,
    largestMessageBytes: LARGEST_MESSAGE_BYTES,
    notify: () => undefined,
  })
  const stop = new AbortController()
  const relaying = relay.run(stop.signal)
  const consumer = await startEventConsumer({
    bus,
    log,
    views: view,
    topics,
    group: `${topics.events}.view`,
    clock: systemClock,
    notify: () => undefined,
  })
  while ((await relay.lag()).events > 0 || (await consumer.lag()) > 0) await delay(PAUSE_MS)
  return {
    seen: (place) =>
      new Promise((resolve) => {
        waiting.set(place, (at) => {
          waiting.delete(place)
          resolve(at)
        })
      }),
    async close() {
      stop.abort()
      await relaying
      await consumer.close()
      await bus.close()
      await target.close()
    },
  }
}

/** Whole runs, two events an append, at a steady rate. */
const startBackground = (log: EventLog, runs: CopiedRuns, appendsPerSecond: number): { readonly stop: () => Promise<number> } => {
  const began = performance.now()
  let isStopped = false
  let events = 0
  const writeRun = async (pace: () => Promise<void>): Promise<void> => {
    const { stream, events: all } = runs.next()
    for (let at = 0; at < all.length && !isStopped; at += 2) {
      const batch = all.slice(at, at + 2)
      await pace()
      await log.append(stream, at === 0 ? 'no-stream' : at - 1, batch)
      events += batch.length
    }
  }
  const writers = Math.ceil((appendsPerSecond * BACKGROUND_TICK_MS) / 1_000)
  const work = Promise.all(
    Array.from({ length: writers }, async () => {
      while (!isStopped) await writeRun(() => delay(BACKGROUND_TICK_MS))
    }),
  )
  return {
    async stop() {
      isStopped = true
      await work
      return Math.round((events * 1_000) / (performance.now() - began))
    },
  }
}
