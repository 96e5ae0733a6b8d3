import { describe, expect, test } from 'vitest'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { collect, newEvents, newStream, rejection, revisionsOf } from '../conformance/event-log-cases.ts'
import { startStandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { tellingClock } from './telling-clock.ts'
import { sharedStandIn, TIMEOUT_MS, withDurableStandIn, withLog } from './with-stand-in.ts'

const standIn = sharedStandIn()

const streamOf = async (log: EventLog, count: number): Promise<string> => {
  const stream = newStream()
  await log.append(stream, 'no-stream', newEvents(count))
  return stream
}

const LOST = { kind: 'broken', afterEvents: 40, code: 14, details: 'connection lost' } as const

describe('a read from EventStoreDB', () => {
  test.each([14, 10, 13, 1])('that breaks off with status %i goes on behind its last event', async (code) => {
    await withLog(standIn(), async (log) => {
      const stream = await streamOf(log, 100)
      await standIn().set({ reads: { ...LOST, code }, readCount: 1 })
      expect(revisionsOf(await collect(log.readStream(stream)))).toEqual(Array.from({ length: 100 }, (_, i) => i))
      await standIn().set({ reads: { ...LOST, code }, readCount: 2 })
      const newestFirst = await collect(log.readStream(stream, { direction: 'backwards', limit: 90 }))
      expect(revisionsOf(newestFirst)).toEqual(Array.from({ length: 90 }, (_, i) => 99 - i))
    })
  })
  test('of the whole log that breaks off gives each event once', async () => {
    await withLog(standIn(), async (log) => {
      const from = (await log.append(newStream(), 'no-stream', newEvents(1))).position
      const stream = await streamOf(log, 100)
      const filter = { streamPrefix: stream }
      await standIn().set({ reads: LOST, readCount: 2 })
      const read = await collect(log.readAll({ from }))
      expect(revisionsOf(read.filter((event) => event.stream === stream))).toEqual(Array.from({ length: 100 }, (_, i) => i))
      await standIn().set({ reads: LOST, readCount: 2 })
      const newestFirst = await collect(log.readAll({ filter, direction: 'backwards', limit: 100 }))
      expect(revisionsOf(newestFirst)).toEqual(Array.from({ length: 100 }, (_, i) => 99 - i))
    })
  })
  test('that is never answered is asked again, and a client that hangs is thrown away', async () => {
    const clock = tellingClock(TIMEOUT_MS)
    await withLog(
      standIn(),
      async (log) => {
        const stream = await streamOf(log, 3)
        await standIn().set({ reads: { kind: 'unanswered' }, readCount: 2 })
        expect(revisionsOf(await collect(log.readStream(stream)))).toEqual([0, 1, 2])
        await clock.wentOff(2)
      },
      { clock },
    )
  })
  test('that nobody answers for too long says that the log is not available', async () => {
    await withLog(standIn(), async (log) => {
      const stream = await streamOf(log, 3)
      await standIn().set({ reads: { kind: 'unanswered' } })
      await rejection(collect(log.readStream(stream)), 'EventLogUnavailable')
      await rejection(log.head(), 'EventLogUnavailable')
    })
  })
  test('whose consumer takes its time is not cut off', async () => {
    const clock = tellingClock(4 * TIMEOUT_MS)
    await withLog(
      standIn(),
      async (log) => {
        const stream = await streamOf(log, 50)
        const seen: number[] = []
        for await (const { revision } of log.readStream(stream)) {
          if (seen.push(revision) !== 10) continue
          clock.setTimer(4 * TIMEOUT_MS, () => undefined)
          await clock.wentOff(1)
        }
        expect(seen).toHaveLength(50)
      },
      { clock },
    )
  })
  test('that its consumer leaves early leaves nothing behind that closing has to wait for', async () => {
    const clock = tellingClock(500)
    let waited = false
    void clock.wentOff(1).then(() => (waited = true))
    await withLog(
      standIn(),
      async (log) => {
        const stream = await streamOf(log, 100)
        for (const limit of [17, 40, 100]) {
          for (const take of [1, 10]) {
            for await (const { revision } of log.readStream(stream, { limit })) if (revision === take - 1) break
          }
        }
      },
      { clock },
    )
    expect(waited).toBe(false)
  })
  test('sees a leader that is another node now', async () => {
    await withDurableStandIn(async ({ standIn: follower, path }) => {
      const leader = await startStandIn({ path })
      await withLog(follower, async (log) => {
        const stream = await streamOf(log, 3)
        await follower.set({ leader: leader.port })
        expect(revisionsOf(await collect(log.readStream(stream)))).toEqual([0, 1, 2])
        expect(await leader.report()).toMatchObject({ connections: 1 })
        await log.deleteStream(stream, 2)
        await rejection(collect(log.readStream(stream)), 'StreamNotFound')
      })
      await leader.stop()
    })
  })
  test('that the server refuses for good is not repeated', async () => {
    await withLog(standIn(), async (log) => {
      const { position } = await log.append(newStream(), 'no-stream', newEvents(3))
      await rejection(collect(log.readAll({ from: position - 1 })), 'InvalidInput')
    })
  })
})
