import { describe, expect, test } from 'vitest'
import type { EventLog, StoredEvent } from '../../src/eventlog/event-log.ts'
import { collect, newEvents, newStream, rejection, revisionsOf } from '../conformance/event-log-cases.ts'
import { startStandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { tellingClock } from './telling-clock.ts'
import { sharedStandIn, TIMEOUT_MS, withDurableStandIn, withLog } from './with-stand-in.ts'

const standIn = sharedStandIn()

/** Of tests that wait for no silence: on a busy machine an append takes its time. */
const PATIENT = { appendTimeoutMs: 10_000, silenceMs: 10_000 }

/** So many events of others, in appends of 500. */
const foreign = async (log: EventLog, count: number): Promise<void> => {
  for (let left = count; left > 0; left -= 500) await log.append(newStream(), 'no-stream', newEvents(Math.min(left, 500)))
}

const streamOf = async (log: EventLog, count: number): Promise<{ stream: string; after: number }> => {
  const { position: after } = await log.append(newStream(), 'no-stream', newEvents(1))
  const stream = newStream()
  // With a number: on a busy machine an append may have to be repeated.
  for (let first = 0; first < count; first += 500) {
    await log.append(stream, first === 0 ? 'no-stream' : first - 1, newEvents(Math.min(500, count - first)))
  }
  return { stream, after }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

describe('what EventStoreDB holds behind a position', () => {
  test.each([14, 10, 13, 1, undefined])('goes on where it is broken off with status %s, and gives each event once', async (code) => {
    await withLog(
      standIn(),
      async (log) => {
        const { stream, after } = await streamOf(log, 2_000)
        const breakOff = (): Promise<void> => standIn().endSubscriptions(code === undefined ? undefined : { code, details: 'lost' })
        const seen: StoredEvent[] = []
        for await (const item of log.backlog({ after, filter: { streamPrefix: stream } })) {
          if (item.kind !== 'event') continue
          seen.push(item.event)
          if (seen.length === 10 || seen.length === 700) await breakOff()
        }
        expect(revisionsOf(seen)).toEqual(upTo(2_000))
        const read: StoredEvent[] = []
        for await (const event of log.readAll({ from: after, filter: { streamPrefix: stream } })) {
          read.push(event)
          if (read.length === 10) await breakOff()
        }
        expect(revisionsOf(read)).toEqual(upTo(2_000))
      },
      PATIENT,
    )
  })
  test('ends where the server does not say that there is nothing more', async () => {
    await withLog(standIn(), async (log) => {
      const { stream, after } = await streamOf(log, 3)
      await standIn().set({ caughtUpWithheld: true })
      expect(revisionsOf(await collect(log.readAll({ from: after, filter: { streamPrefix: stream } })))).toEqual(upTo(3))
    })
  })
  test('that nobody gives for too long is not available', async () => {
    await withLog(standIn(), async (log) => {
      const { stream } = await streamOf(log, 3)
      await standIn().set({ subscriptionsMuted: true })
      await rejection(collect(log.readAll({ filter: { streamPrefix: stream } })), 'EventLogUnavailable')
      await rejection(collect(log.backlog({ filter: { streamPrefix: stream } })), 'EventLogUnavailable')
    })
  })
  test('is that of the leader, also where another node was asked', async () => {
    await withDurableStandIn(async ({ standIn: follower, path }) => {
      const leader = await startStandIn({ path })
      await withLog(
        follower,
        async (log) => {
          const { stream } = await streamOf(log, 3)
          await follower.set({ leader: leader.port })
          expect(revisionsOf(await collect(log.readAll({ filter: { streamPrefix: stream } })))).toEqual(upTo(3))
          expect(await leader.report()).toMatchObject({ connections: 1 })
        },
        PATIENT,
      )
      await leader.stop()
    })
  })
  test.each([false, true])(
    'is gone through once, however long the way past others is (checkpoints between events: %s)',
    async (checkpointsBetween) => {
      await withLog(standIn(), async (log) => {
        await standIn().set({ checkpointsBetween })
        const { stream, after } = await streamOf(log, 2)
        await foreign(log, 4_000)
        const filter = { streamPrefix: stream }
        const items = await collect(log.backlog({ after, filter }))
        const passed = items.flatMap((item) => (item.kind === 'passed' ? [item.position] : []))
        // More than one, so that whoever is stopped on the way need not begin again.
        expect(passed.length).toBeGreaterThan(4)
        expect(items.filter(({ kind }) => kind === 'event')).toHaveLength(2)
        const before = await standIn().report()
        const place = (passed.at(-1) ?? 0) - (checkpointsBetween ? 1 : 0)
        expect(await collect(log.backlog({ after: place, filter }))).not.toContainEqual(expect.objectContaining({ kind: 'event' }))
        expect(await collect(log.readAll({ from: place, filter }))).toEqual([])
        expect((await standIn().report()).lookedAt - before.lookedAt).toBeLessThan(20)
        await log.append(stream, 1, newEvents(1))
        expect(revisionsOf(await collect(log.readAll({ from: place, filter })))).toEqual([2])
      })
    },
  )
})

describe('a subscription to EventStoreDB that lies behind many events of others', () => {
  test('does not go through them again when it is broken off', async () => {
    await withLog(
      standIn(),
      async (log) => {
        const { stream, after } = await streamOf(log, 2)
        await foreign(log, 4_000)
        const revisions: number[] = []
        let before = 0
        for await (const item of log.subscribe({ after, filter: { streamPrefix: stream } })) {
          if (item.kind === 'event') revisions.push(item.event.revision)
          if (item.kind !== 'caughtUp' || before !== 0) {
            if (revisions.length === 3) break
            continue
          }
          before = (await standIn().report()).lookedAt
          await standIn().endSubscriptions({ code: 14, details: 'connection lost' })
          await log.append(stream, 1, newEvents(1))
        }
        expect(revisions).toEqual(upTo(3))
        expect((await standIn().report()).lookedAt - before).toBeLessThan(20)
      },
      PATIENT,
    )
  })
  test('does not go through them again when nothing comes', async () => {
    const clock = tellingClock(TIMEOUT_MS)
    await withLog(
      standIn(),
      async (log) => {
        const { stream, after } = await streamOf(log, 2)
        await foreign(log, 4_000)
        const stop = new AbortController()
        let before = 0
        for await (const item of log.subscribe({ after, filter: { streamPrefix: stream }, signal: stop.signal })) {
          if (item.kind !== 'caughtUp' || before !== 0) continue
          before = (await standIn().report()).lookedAt
          void clock.wentOff(3).then(() => stop.abort())
        }
        expect((await standIn().report()).lookedAt - before).toBeLessThan(20)
      },
      { clock, appendTimeoutMs: 10_000, silenceMs: TIMEOUT_MS },
    )
  })
})
