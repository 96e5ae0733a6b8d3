import { randomUUID } from 'node:crypto'
import { systemClock } from '../src/clock.ts'
import { eventStoreDbEventLog } from '../src/eventlog/eventstoredb/eventstoredb-event-log.ts'
import { bareClient } from './bare-client.ts'
import { alternate, microsecondsEach, ratioSpread, spreadOf, type RoundLimits, type Spread } from './rounds.ts'

export interface EventStoreAppends {
  readonly streams: number
  readonly appendsPerSecond: Spread
  readonly bareAppendsPerSecond: Spread
  readonly shareOfBare: Spread
  /** CPU time of this process for each append, in microseconds. */
  readonly cpuMicroseconds: Spread
  readonly bareCpuMicroseconds: Spread
}

/** One stream takes one append after the other, so that they take their time. */
const appendsPerRound = (streams: number): number => Math.min(4_000, streams * 400)
const EVENT_BYTES = 400
const MICROSECONDS = 1_000_000

/** Bytes of data and meta of each of the two events. */
const data = { callId: randomUUID(), text: 's'.repeat(EVENT_BYTES - 150) }
const meta = { at: 1_763_900_000_000, runId: randomUUID() }
const [dataText, metaText] = [JSON.stringify(data), JSON.stringify(meta)]

/** So many streams at once, on each one append after the other, of two events each. */
const appendAll = async (streams: number, appends: number, append: (stream: string, at: number) => Promise<unknown>): Promise<void> => {
  const each = appends / streams
  const write = async (stream: string): Promise<void> => {
    for (let at = 0; at < each; at++) await append(stream, at)
  }
  await Promise.all(Array.from({ length: streams }, () => write(`bench-${randomUUID()}`)))
}

/** Appends through the adapter, and through the client as it is used without it, on one server. */
export const measureEventStoreAppends = async (
  connectionString: string,
  streams: number,
  limits: RoundLimits,
): Promise<EventStoreAppends> => {
  const log = eventStoreDbEventLog({ connectionString, clock: systemClock })
  const client = bareClient(connectionString)
  const appends = appendsPerRound(streams)
  const cpu = { adapter: [] as number[], bare: [] as number[] }
  const timed = async (whose: keyof typeof cpu, append: (stream: string, at: number) => Promise<unknown>): Promise<number> => {
    const before = process.cpuUsage()
    const each = await microsecondsEach(appends, () => appendAll(streams, appends, append))
    const { user, system } = process.cpuUsage(before)
    cpu[whose].push((user + system) / appends)
    return each
  }
  const newEvent = () => ({ id: randomUUID(), type: 'ToolCallSucceeded', data: dataText, meta: metaText })
  const bareEvent = () => ({ id: randomUUID(), type: 'ToolCallSucceeded', contentType: 'application/json', data, metadata: meta })
  const times = await alternate(limits, {
    bare: () =>
      timed('bare', (stream, at) =>
        client.appendToStream(stream, [bareEvent(), bareEvent()], { expectedRevision: at === 0 ? 'no_stream' : BigInt(2 * at - 1) }),
      ),
    adapter: () => timed('adapter', (stream, at) => log.append(stream, at === 0 ? 'no-stream' : 2 * at - 1, [newEvent(), newEvent()])),
  })
  await log.close()
  await client.dispose()
  return {
    streams,
    appendsPerSecond: spreadOf(times.adapter.map((each) => MICROSECONDS / each)),
    bareAppendsPerSecond: spreadOf(times.bare.map((each) => MICROSECONDS / each)),
    shareOfBare: ratioSpread(times.bare, times.adapter),
    cpuMicroseconds: spreadOf(cpu.adapter.slice(1)),
    bareCpuMicroseconds: spreadOf(cpu.bare.slice(1)),
  }
}
