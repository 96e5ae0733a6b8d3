import { statSync, utimesSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import type { Clock } from '../../../src/clock.ts'
import { systemClock } from '../../../src/clock.ts'
import type { EventLog, StoredEvent, SubscriptionItem } from '../../../src/eventlog/event-log.ts'
import { sqliteEventLog } from '../../../src/eventlog/sqlite/sqlite-event-log.ts'
import { wakeUps } from '../../../src/eventlog/wake-ups.ts'
import { collect, follow, idsIn, idsOf, newEvent, newEvents, rejection, revisionsOf } from '../../conformance/event-log-cases.ts'
import { inFolder, settableClock } from './both-logs.ts'

const withTwo = (work: (one: EventLog, other: EventLog, path: string) => Promise<void>, clock: Clock = systemClock): Promise<void> =>
  inFolder(async (path) => {
    const [one, other] = [sqliteEventLog({ path, clock }), sqliteEventLog({ path, clock })]
    await work(one, other, path)
    await Promise.all([one.close(), other.close()])
  })

// Two logs on one file differ from two processes in nothing but the process: each has its own connection, cache and queue.
describe('two logs on one file', () => {
  test('see what the other appended, deleted and truncated, whatever they knew of the stream', async () => {
    await withTwo(async (one, other) => {
      await one.append('a', 'no-stream', newEvents(1))
      expect(await other.append('a', 0, newEvents(1))).toMatchObject({ revision: 1 })
      await rejection(one.append('a', 0, newEvents(1)), 'EventLogConflict')
      expect(await one.append('a', 1, newEvents(1))).toMatchObject({ revision: 2 })
      await other.deleteStream('a', 2)
      await rejection(one.append('a', 'stream-exists', newEvents(1)), 'StreamDeleted')
      expect(await one.append('a', 'no-stream', newEvents(1))).toMatchObject({ revision: 3 })
      expect(revisionsOf(await collect(other.readStream('a')))).toEqual([3])
      await one.tombstoneStream('a', 3)
      await rejection(other.append('a', 'any', newEvents(1)), 'StreamDeleted')
    })
  })

  test('know the repeated appends of each other', async () => {
    await withTwo(async (one, other) => {
      const events = newEvents(2)
      const first = await one.append('a', 'no-stream', events)
      expect(await other.append('a', 'no-stream', events)).toEqual(first)
      expect(await other.append('a', 'any', events)).toEqual(first)
      expect(await idsIn(one, 'a')).toEqual(idsOf(events))
    })
  })

  test('append at once: every revision has one winner and positions never collide', async () => {
    await withTwo(async (one, other) => {
      const race = async (log: EventLog): Promise<number> => {
        let won = 0
        for (let revision = -1; revision < 50; revision++) {
          const append = log.append('a', revision < 0 ? 'no-stream' : revision, newEvents(1))
          won += await append.then(
            () => 1,
            () => 0,
          )
        }
        return won
      }
      const wins = await Promise.all([one, other, one, other].map(race))
      expect(wins.reduce((sum, won) => sum + won, 0)).toBe(51)
      const events = await collect(one.readAll())
      expect(revisionsOf(events)).toEqual(events.map((_, i) => i))
      expect(new Set(events.map((event) => event.position)).size).toBe(51)
    })
  })

  test('wake the subscribers of each other by news, without a timer', async () => {
    const withoutTimers: Clock = { now: () => systemClock.now(), setTimer: () => () => undefined }
    await withTwo(async (one, other) => {
      await one.append('a', 'no-stream', newEvents(1))
      const waiting = await waitingSubscriber(one, 0)
      await other.append('a', 0, newEvents(1))
      expect(await waiting.next).toMatchObject({ value: { kind: 'event', event: { stream: 'a', revision: 1 } } })
    }, withoutTimers)
  })

  test('are told at once of the first of many commits, and together of those that follow within some milliseconds', async () => {
    const timers: { readonly delayMs: number; readonly wake: () => void }[] = []
    const clock: Clock = {
      now: () => systemClock.now(),
      setTimer(delayMs, wake) {
        timers.push({ delayMs, wake })
        return () => undefined
      },
    }
    await withTwo(async (one, _, path) => {
      const told = (): number => statSync(`${path}-news`).mtimeMs
      const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
      utimesSync(`${path}-news`, 1, 1)
      await one.append('a', 'no-stream', newEvents(1))
      await turn()
      expect(told()).toBeGreaterThan(1_000)
      utimesSync(`${path}-news`, 1, 1)
      for (let revision = 0; revision < 3; revision++) {
        await one.append('a', revision, newEvents(1))
        await turn()
      }
      expect(told()).toBe(1_000)
      expect(timers.map(({ delayMs }) => delayMs)).toEqual([5])
      timers[0]?.wake()
      expect(told()).toBeGreaterThan(1_000)
      utimesSync(`${path}-news`, 1, 1)
      timers[1]?.wake()
      expect([told(), timers.length]).toEqual([1_000, 2])
    }, clock)
  })

  test('wake them by polling, where there is no news of a commit', async () => {
    await withTwo(async (one, _, path) => {
      await one.append('a', 'no-stream', newEvents(1))
      const waiting = await waitingSubscriber(one, 0)
      // As of a process that dies right after its commit.
      const db = new DatabaseSync(path)
      db.exec(`INSERT INTO events SELECT position + 99, stream_key, 1, zeroblob(16), stored_at, type, data, meta, NULL FROM events`)
      db.close()
      expect(await waiting.next).toMatchObject({ value: { kind: 'event', event: { stream: 'a', revision: 1 } } })
    })
  })

  test('give a live subscriber every event once, in order and as it is read, whoever appends and however busy it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(appendBy, { minLength: 1, maxLength: 30 }), async (appends) => {
        await withTwo(async (one, other) => {
          const items = one.subscribe({ stream: 'a' })[Symbol.asyncIterator]()
          await items.next()
          const seen: StoredEvent[] = []
          const takeAll = async (count: number): Promise<void> => {
            while (seen.length < count) {
              const { value } = (await items.next()) as { value: SubscriptionItem }
              if (value.kind === 'event') seen.push(value.event)
            }
          }
          let appended = 0
          for (const { isOther, count, isRead, length } of appends) {
            await (isOther ? other : one).append(
              'a',
              'any',
              Array.from({ length: count }, () => newEvent('x'.repeat(length))),
            )
            appended += count
            if (isRead) await takeAll(appended)
          }
          await takeAll(appended)
          await items.return?.()
          expect(seen).toEqual(await collect(one.readStream('a')))
        })
      }),
      { numRuns: 20 },
    )
  })

  test('go on where a subscriber of the whole log was woken by the other for nothing', async () => {
    await withTwo(async (one, other) => {
      const filter = { streamPrefix: 'wanted' }
      const seen = follow(one, { filter }, (events) => events.length === 2)
      for (const stream of ['other', 'wanted', 'other', 'wanted']) await other.append(stream, 'any', newEvents(1))
      expect((await seen).map((event) => event.stream)).toEqual(['wanted', 'wanted'])
    })
  })
})

test('an alarm hands over only what follows without a gap: in one, another process has appended that has not told of it yet', () => {
  const bells = wakeUps()
  const alarm = bells.listen('a')
  const stored = (revision: number): StoredEvent => ({ ...newEvent(), stream: 'a', revision, position: revision + 1, storedAt: 0 })
  const revisions = (): readonly number[] | undefined => alarm.news()?.map(({ revision }) => revision)
  expect(revisions()).toBeUndefined()
  bells.ring('a', () => [stored(4)])
  bells.ring('a', () => [stored(5), stored(6)])
  expect(revisions()).toEqual([4, 5, 6])
  bells.ring('a', () => [stored(7)])
  bells.ring('a', () => [stored(9)])
  expect(revisions()).toBeUndefined()
  alarm.stop()
})

/** Some are longer and more than what is kept for a subscriber that is busy. */
const appendBy = fc.record({
  isOther: fc.boolean(),
  count: fc.constantFrom(1, 2, 90),
  length: fc.constantFrom(1, 1, 5_000),
  isRead: fc.boolean(),
})

/** Resolves once the subscriber of stream `a` has nothing left to read; what it resolves with is what it gets next. */
const waitingSubscriber = async (log: EventLog, after: number): Promise<{ readonly next: Promise<unknown> }> => {
  const iterator = log.subscribe({ stream: 'a', after })[Symbol.asyncIterator]()
  expect(await iterator.next()).toMatchObject({ value: { kind: 'caughtUp' } })
  return { next: iterator.next() }
}

describe('a log whose file another connection holds', () => {
  test('is read as always, and appends wait until the lock is free', async () => {
    await withTwo(async (one, _, path) => {
      await one.append('a', 'no-stream', newEvents(1))
      const holder = new DatabaseSync(path)
      holder.exec('BEGIN IMMEDIATE')
      const waiting = one.append('a', 0, newEvents(1))
      expect(await collect(one.readStream('a'))).toHaveLength(1)
      holder.exec('COMMIT')
      holder.close()
      expect(await waiting).toMatchObject({ revision: 1 })
    })
  })

  test('41: says after its patience that nothing was stored, and the repeated append succeeds once the lock is free', async () => {
    const clock = settableClock(0)
    await withTwo(async (one, _, path) => {
      const holder = new DatabaseSync(path)
      holder.exec('BEGIN IMMEDIATE')
      const events = newEvents(1)
      const waiting = one.append('a', 'no-stream', events)
      setImmediate(() => clock.set(10_000))
      await rejection(waiting, 'EventLogUnavailable')
      holder.exec('COMMIT')
      holder.close()
      await one.append('a', 'no-stream', events)
      expect(await idsIn(one, 'a')).toEqual(idsOf(events))
    }, clock)
  })
})
