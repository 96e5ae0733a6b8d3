import { randomUUID } from 'node:crypto'
import { systemClock } from '../src/clock.ts'
import { eventStoreDbEventLog } from '../src/eventlog/eventstoredb/eventstoredb-event-log.ts'
import { bareClient } from './bare-client.ts'
import type { CopiedRuns } from './copied-runs.ts'
import { alternate, microsecondsEach, ratioSpread, spreadOf, type RoundLimits, type Spread } from './rounds.ts'

export interface EventStoreSubscription {
  readonly events: number
  readonly eventsPerSecond: Spread
  readonly bareEventsPerSecond: Spread
  readonly shareOfBare: Spread
}

const MICROSECONDS = 1_000_000

/** From the opening of a subscription to the last of the events that are there already. */
export const measureEventStoreSubscription = async (
  connectionString: string,
  runs: CopiedRuns,
  copies: number,
  limits: RoundLimits,
): Promise<EventStoreSubscription> => {
  const log = eventStoreDbEventLog({ connectionString, clock: systemClock })
  const client = bareClient(connectionString)
  const after = await log.head()
  const streamPrefix = `bench-${randomUUID()}`
  for (let copy = 0; copy < copies; copy++) await log.append(`${streamPrefix}-${copy}`, 'no-stream', runs.next().events)
  const events = copies * runs.events
  const times = await alternate(limits, {
    bare: () =>
      microsecondsEach(events, async () => {
        const fromPosition = after === undefined ? 'start' : { commit: BigInt(after), prepare: BigInt(after) }
        const subscription = client.subscribeToAll({ fromPosition, filter: { filterOn: 'streamName', prefixes: [streamPrefix] } })
        await reached(subscription, events)
      }),
    adapter: () =>
      microsecondsEach(events, async () => {
        const items = log.subscribe({ ...(after === undefined ? {} : { after }), filter: { streamPrefix } })
        let seen = 0
        for await (const { kind } of items) if (kind === 'event' && ++seen === events) return
      }),
  })
  await log.close()
  await client.dispose()
  return {
    events,
    eventsPerSecond: spreadOf(times.adapter.map((each) => MICROSECONDS / each)),
    bareEventsPerSecond: spreadOf(times.bare.map((each) => MICROSECONDS / each)),
    shareOfBare: ratioSpread(times.bare, times.adapter),
  }
}

const reached = async (items: AsyncIterable<unknown>, count: number): Promise<void> => {
  const iterator = items[Symbol.asyncIterator]()
  for (let seen = 0; seen < count; seen++) await iterator.next()
  await iterator.return?.()
}
