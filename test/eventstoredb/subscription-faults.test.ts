import { describe, expect, test } from 'vitest'
import type { EventLog, SubscribeOptions } from '../../src/eventlog/event-log.ts'
import { follow, newEvents, newStream, revisionsOf } from '../conformance/event-log-cases.ts'
import { tellingClock } from './telling-clock.ts'
import { sharedStandIn, TIMEOUT_MS, withLog } from './with-stand-in.ts'

const standIn = sharedStandIn()

/** Follows a stream in one of the two ways, does something to it once three events have come, and sees six events in the end. */
const survives = async (log: EventLog, kind: 'stream' | 'whole log', trouble: () => Promise<unknown>): Promise<number[]> => {
  const stream = newStream()
  await log.append(stream, 'no-stream', newEvents(3))
  const options: SubscribeOptions = kind === 'stream' ? { stream } : { filter: { streamPrefix: stream } }
  let reached: () => void = () => undefined
  const caughtUp = new Promise<void>((resolve) => (reached = resolve))
  const followed = follow(log, options, (events, item) => {
    if (item.kind === 'caughtUp') reached()
    return events.length === 6
  })
  await caughtUp
  await trouble()
  await log.append(stream, 2, newEvents(2))
  await log.append(stream, 4, newEvents(1))
  return revisionsOf(await followed)
}

const WHOLE = [0, 1, 2, 3, 4, 5]

describe.each(['stream', 'whole log'] as const)('a subscription to a %s of EventStoreDB', (kind) => {
  test('goes on where the server ends it as if all were well', async () => {
    await withLog(standIn(), async (log) => {
      expect(await survives(log, kind, () => standIn().endSubscriptions())).toEqual(WHOLE)
    })
  })
  test.each([
    ['a connection is lost', 14, 'connection lost'],
    ['the server is shut down', 13, 'Received RST_STREAM with code 0'],
    ['its consumer is too slow', 10, 'Operation timed out: Consumer too slow to handle event while live. Client resubscription required.'],
    ['the server cancels it', 1, 'cancelled by the server'],
  ])('goes on where %s', async (_what, code, details) => {
    await withLog(standIn(), async (log) => {
      expect(await survives(log, kind, () => standIn().endSubscriptions({ code, details }))).toEqual(WHOLE)
    })
  })
  test('that falls silent for ever is found out and begun anew', async () => {
    const clock = tellingClock(TIMEOUT_MS)
    await withLog(
      standIn(),
      async (log) => {
        const seen = survives(log, kind, async () => {
          await standIn().set({ subscriptionsMuted: true })
          void clock.wentOff(2).then(() => standIn().set({ subscriptionsMuted: false }))
        })
        expect(await seen).toEqual(WHOLE)
      },
      { clock },
    )
  })
  test('says that it has caught up where the server does not', async () => {
    await withLog(standIn(), async (log) => {
      await standIn().set({ caughtUpWithheld: true })
      expect(await survives(log, kind, () => Promise.resolve())).toEqual(WHOLE)
    })
  })
  test('that has nothing to say is left in peace', async () => {
    const clock = tellingClock(TIMEOUT_MS)
    await withLog(
      standIn(),
      async (log) => {
        const seen = await survives(log, kind, async () => {
          await log.append(newStream(), 'no-stream', newEvents(5))
          await clock.wentOff(3)
          expect(await standIn().report()).toMatchObject({ subscriptions: 1 })
        })
        expect(seen).toEqual(WHOLE)
      },
      { clock },
    )
  })
})

describe('a subscription to the whole log of EventStoreDB', () => {
  test('whose checkpoints are the positions of no events is watched from its last event', async () => {
    const clock = tellingClock(TIMEOUT_MS)
    await withLog(
      standIn(),
      async (log) => {
        await standIn().set({ checkpointsBetween: true })
        const seen = await survives(log, 'whole log', async () => {
          await log.append(newStream(), 'no-stream', newEvents(5))
          await clock.wentOff(3)
          expect(await standIn().report()).toMatchObject({ subscriptions: 1 })
        })
        expect(seen).toEqual(WHOLE)
      },
      { clock },
    )
  })
})

const readWithMany = async (log: EventLog): Promise<void> => {
  const stream = newStream()
  await log.append(stream, 'no-stream', newEvents(2))
  const stop = new AbortController()
  let live = 0
  let allLive: () => void = () => undefined
  const reached = new Promise<void>((resolve) => (allLive = resolve))
  const following = Array.from({ length: 150 }, () =>
    follow(log, { stream, signal: stop.signal }, (_, item) => {
      if (item.kind === 'caughtUp' && ++live === 150) allLive()
      return false
    }),
  )
  await reached
  await log.append(stream, 1, newEvents(1))
  expect(await log.head()).toBeDefined()
  stop.abort()
  for (const events of await Promise.all(following)) expect(events.length).toBeGreaterThanOrEqual(2)
}

describe('subscriptions to EventStoreDB', () => {
  test('may be more than the server takes on one connection, and appends and reads go on', async () => {
    await withLog(standIn(), readWithMany, { silenceMs: 10_000 })
  })
  test('give each event once when one is broken off again and again while events are written', async () => {
    await withLog(standIn(), async (log) => {
      const stream = newStream()
      const followed = follow(log, { filter: { streamPrefix: stream } }, (events) => events.length === 300)
      for (let i = 0; i < 30; i++) {
        await log.append(stream, i === 0 ? 'no-stream' : i * 10 - 1, newEvents(10))
        if (i % 5 === 0) await standIn().endSubscriptions(i % 2 === 0 ? undefined : { code: 14, details: 'connection lost' })
      }
      expect(revisionsOf(await followed)).toEqual(Array.from({ length: 300 }, (_, i) => i))
    })
  })
})
