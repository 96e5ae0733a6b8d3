import { StatementSync } from 'node:sqlite'
import { fc } from '../../support/fast-check.ts'
import { describe, expect, test, vi } from 'vitest'
import { isAppError } from '../../../src/errors.ts'
import type { EventLog, ExpectedRevision, NewEvent, SubscriptionItem } from '../../../src/eventlog/event-log.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { sqliteEventLog } from '../../../src/eventlog/sqlite/sqlite-event-log.ts'
import { backlog, collect, idsIn, idsOf, newEvent, newEvents, rejection, revisionsOf } from '../../conformance/event-log-cases.ts'
import { inFolder, settableClock, withBothLogs } from './both-logs.ts'

const IDS = Array.from({ length: 6 }, (_, i) => `00000000-0000-4000-8000-00000000000${i}`)
const eventOf = (i: number): NewEvent => ({ ...newEvent({ i }, `Type${i % 2}`), id: IDS[i] ?? '' })

type Step =
  | { readonly kind: 'append'; readonly stream: string; readonly expected: ExpectedRevision; readonly ids: readonly number[] }
  | { readonly kind: 'delete'; readonly stream: string; readonly expected: ExpectedRevision }
  | { readonly kind: 'tombstone'; readonly stream: string; readonly expected: ExpectedRevision }
  | { readonly kind: 'metadata'; readonly stream: string; readonly maxCount: number; readonly truncateBefore: number }

const stream = fc.constantFrom('a', 'b')
const expected = fc.oneof(fc.constantFrom<ExpectedRevision>('any', 'no-stream', 'stream-exists'), fc.nat({ max: 8 }))
const append = fc.record({
  kind: fc.constant('append' as const),
  stream,
  expected,
  ids: fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 10 }),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: append },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), stream, expected }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tombstone' as const), stream, expected }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('metadata' as const),
      stream,
      maxCount: fc.integer({ min: 1, max: 9 }),
      truncateBefore: fc.nat({ max: 9 }),
    }),
  },
)

const perform = (log: EventLog, given: Step): Promise<unknown> => {
  if (given.kind === 'append') return log.append(given.stream, given.expected, given.ids.map(eventOf))
  if (given.kind === 'delete') return log.deleteStream(given.stream, given.expected)
  if (given.kind === 'tombstone') return log.tombstoneStream(given.stream, given.expected)
  return log.setMetadata(given.stream, { maxCount: given.maxCount, truncateBefore: given.truncateBefore })
}

const outcomeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) =>
    isAppError(error) ? { code: error.code, message: error.message, details: error.details } : { thrown: String(error) },
  )

const views = async (log: EventLog): Promise<unknown> => {
  const options = { filter: { typePrefix: 'Type1' }, limit: 5 }
  return {
    head: await log.head(),
    all: await collect(log.readAll()),
    backwards: await collect(log.readAll({ direction: 'backwards', ...options })),
    streams: await Promise.all(
      ['a', 'b'].flatMap((name) => [
        outcomeOf(collect(log.readStream(name))),
        outcomeOf(collect(log.readStream(name, { direction: 'backwards', from: 4, limit: 3 }))),
        outcomeOf(backlog(log, { stream: name })),
        outcomeOf(log.getMetadata(name)),
      ]),
    ),
  }
}

describe('the embedded event logs', () => {
  test('hand a live subscriber what is appended to its stream, and read it again only where it was left behind', async () => {
    await inFolder(async (path) => {
      const log = sqliteEventLog({ path, clock: settableClock(1_000) })
      const queries = vi.spyOn(StatementSync.prototype, 'iterate')
      const items = log.subscribe({ stream: 'a', filter: { typePrefix: 'Order' } })[Symbol.asyncIterator]()
      const next = async (): Promise<SubscriptionItem> => {
        const item = (await items.next()).value as SubscriptionItem
        return item.kind === 'event' || queries.mock.calls.length === 0 ? item : next()
      }
      await items.next()
      queries.mockClear()
      for (let i = 0; i < 10; i++) {
        const waiting = next()
        await log.append('a', 'any', [newEvent(1, 'Other'), newEvent(2)])
        expect(await waiting).toMatchObject({ kind: 'event', event: { revision: 2 * i + 1, data: '2' } })
      }
      expect(queries).not.toHaveBeenCalled()
      for (let i = 0; i < 5; i++) await log.append('a', 'any', newEvents(60))
      for (let i = 0; i < 300; i++) expect(await next()).toMatchObject({ event: { revision: 20 + i } })
      expect(queries.mock.calls.length).toBeGreaterThan(0)
      queries.mockRestore()
      await items.return?.()
      await log.close()
    })
  })

  test('agree on every outcome, event and position, whatever is done to them', async () => {
    const clock = settableClock(1_000)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const memory = memoryEventLog({ clock })
        await inFolder(async (path) => {
          const sqlite = sqliteEventLog({ path, clock })
          for (const given of steps) {
            expect({ given, outcome: await outcomeOf(perform(sqlite, given)) }).toEqual({
              given,
              outcome: await outcomeOf(perform(memory, given)),
            })
          }
          expect(await views(sqlite)).toEqual(await views(memory))
          await sqlite.close()
        })
      }),
      { numRuns: 60 },
    )
  })

  test('hide what is older than maxAgeMs from reads of the stream', async () => {
    const clock = settableClock(1_000)
    await withBothLogs(clock, async (log) => {
      clock.set(1_000)
      await log.append('a', 'no-stream', newEvents(2))
      clock.set(1_500)
      await log.append('a', 1, newEvents(1))
      await log.setMetadata('a', { maxAgeMs: 600 })
      expect(revisionsOf(await collect(log.readStream('a')))).toEqual([0, 1, 2])
      clock.set(1_600)
      expect(revisionsOf(await collect(log.readStream('a')))).toEqual([2])
      expect(revisionsOf(await backlog(log, { stream: 'a' }))).toEqual([2])
      clock.set(2_100)
      expect(await collect(log.readStream('a'))).toEqual([])
      expect(await collect(log.readAll())).toHaveLength(3)
    })
  })

  test('store the time of the clock, and do not mind when it steps backwards', async () => {
    const clock = settableClock(5_000)
    await withBothLogs(clock, async (log) => {
      clock.set(5_000)
      await log.append('a', 'no-stream', newEvents(1))
      clock.set(3_000)
      await log.append('a', 0, newEvents(1))
      expect((await collect(log.readAll())).map((event) => event.storedAt)).toEqual([5_000, 3_000])
    })
  })

  test('know a repeated append with any also after a restart, and refuse one that began the same', async () => {
    await withBothLogs(settableClock(0), async (log) => {
      const events = newEvents(2)
      const first = await log.append('a', 'any', events)
      await log.append('a', 'any', newEvents(3))
      expect(await log.append('a', 'any', events)).toEqual(first)
      await rejection(log.append('a', 'any', [...events, newEvent()]), 'EventLogConflict')
      expect(await idsIn(log, 'a')).toHaveLength(5)
    })
  })

  test('advance positions by the length of the record, not by one', async () => {
    await withBothLogs(settableClock(0), async (log) => {
      const small = await log.append('a', 'any', [newEvent('')])
      const large = await log.append('a', 'any', [newEvent('x'.repeat(1_000))])
      expect(large.position - small.position).toBeGreaterThan(1_000)
    })
  })

  test('end a read where the log ended when it began', async () => {
    await withBothLogs(settableClock(0), async (log) => {
      await log.append('a', 'no-stream', newEvents(3))
      const seen: string[] = []
      for await (const event of log.readAll()) {
        seen.push(event.id)
        await log.append('a', 'any', newEvents(1))
      }
      expect(seen).toHaveLength(3)
      expect(seen).toEqual(idsOf(await collect(log.readAll({ limit: 3 }))))
    })
  })
})
