import { fc } from '../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import type { EventLog, NewEvent } from '../../src/eventlog/event-log.ts'
import type { Capabilities } from './event-log-cases.ts'
import { collect, idsOf, newEvent, newEvents, newStream, rejection, revisionsOf } from './event-log-cases.ts'

export const streamReads = (log: () => EventLog): void => {
  describe('reads of one stream', () => {
    test('20: it is read forwards and backwards, from a revision that is included, and up to a limit', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(10))
      const read = async (options: Parameters<EventLog['readStream']>[1]): Promise<number[]> =>
        revisionsOf(await collect(log().readStream(stream, options)))
      expect(await read({})).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(await read({ from: 7 })).toEqual([7, 8, 9])
      expect(await read({ from: 2, limit: 3 })).toEqual([2, 3, 4])
      expect(await read({ limit: 0 })).toEqual([])
      expect(await read({ direction: 'backwards', limit: 2 })).toEqual([9, 8])
      expect(await read({ direction: 'backwards', from: 2 })).toEqual([2, 1, 0])
      expect(await read({ direction: 'backwards', from: 50, limit: 1 })).toEqual([9])
    })
    test('20: a stream of many pages is read whole in both directions', async () => {
      const stream = newStream()
      for (let i = 0; i < 30; i++) await log().append(stream, 'any', newEvents(100))
      const revisions = Array.from({ length: 3_000 }, (_, i) => i)
      expect(revisionsOf(await collect(log().readStream(stream)))).toEqual(revisions)
      expect(revisionsOf(await collect(log().readStream(stream, { direction: 'backwards' })))).toEqual(revisions.reverse())
      expect(revisionsOf(await collect(log().readStream(stream, { from: 1_000, limit: 1_500 })))).toHaveLength(1_500)
    })
    test('21: from beyond the end it is empty', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(2))
      expect(await collect(log().readStream(stream, { from: 2 }))).toEqual([])
    })
    test('22: a stream that never was is not found', async () => {
      await rejection(collect(log().readStream(newStream())), 'StreamNotFound')
    })
    test('a read that asks for what cannot be is refused', async () => {
      await rejection(collect(log().readStream(newStream(), { from: -1 })), 'InvalidInput')
      await rejection(collect(log().readStream(newStream(), { limit: 0.5 })), 'InvalidInput')
    })
    test('23: data and meta come back character by character', async () => {
      const texts = ['null', '1e21', '[[[{"a":[]}]]]', '"zoë 🦜 \u0000 \u2028"', ' { "spaces" : 1 } ', '"\\ud800"', '-0']
      const stream = newStream()
      const events: NewEvent[] = texts.map((text) => ({ ...newEvent(), data: text, meta: text }))
      await log().append(stream, 'no-stream', events)
      const stored = await collect(log().readStream(stream))
      expect(stored.map(({ id, type, data, meta }) => ({ id, type, data, meta }))).toEqual(events)
    })
    test('23: so does any JSON at all', async () => {
      await fc.assert(
        fc.asyncProperty(fc.json(), fc.json(), async (data, meta) => {
          const stream = newStream()
          await log().append(stream, 'no-stream', [{ ...newEvent(), data, meta }])
          expect(await collect(log().readStream(stream))).toMatchObject([{ data, meta }])
        }),
        { numRuns: 50 },
      )
    })
    test('24: an event knows its stream, its revision, its position and when it was stored', async () => {
      const stream = newStream()
      const { position } = await log().append(stream, 'no-stream', newEvents(1))
      const [event] = await collect(log().readStream(stream))
      expect(event).toMatchObject({ stream, revision: 0, position })
      expect(Number.isSafeInteger(position)).toBe(true)
      expect(Number.isSafeInteger(event?.storedAt)).toBe(true)
    })
    test('42: an append is read by whoever reads after it', async () => {
      const stream = newStream()
      for (let revision = 0; revision < 20; revision++) {
        const { position } = await log().append(stream, revision === 0 ? 'no-stream' : revision - 1, newEvents(1))
        expect(revisionsOf(await collect(log().readStream(stream, { direction: 'backwards', limit: 1 })))).toEqual([revision])
        expect(await log().head()).toBeGreaterThanOrEqual(position)
      }
    })
  })
}

export const wholeLogReads = (log: () => EventLog, { readsFromAnyPosition }: Capabilities): void => {
  describe('reads of the whole log', () => {
    test('25: positions increase strictly, and within a stream so do revisions', async () => {
      const [a, b] = [newStream(), newStream()]
      const before = (await log().head()) ?? 0
      await Promise.all([a, b, a, b, a].map((stream) => log().append(stream, 'any', newEvents(3))))
      const from = readsFromAnyPosition ? before + 1 : before
      const read = await collect(log().readAll({ from, filter: { streamPrefix: 'case-' } }))
      const events = read.filter((event) => event.position > before)
      const positions = events.map((event) => event.position)
      expect(positions).toEqual([...new Set(positions)].sort((x, y) => x - y))
      expect(revisionsOf(events.filter((event) => event.stream === a))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
      expect(revisionsOf(events.filter((event) => event.stream === b))).toEqual([0, 1, 2, 3, 4, 5])
    })
    test('26: a read from a position includes it forwards and excludes it backwards', async () => {
      const stream = newStream()
      const results = []
      for (let i = 0; i < 5; i++) results.push(await log().append(stream, 'any', newEvents(1)))
      const from = results[2]?.position ?? 0
      const filter = { streamPrefix: stream }
      expect(revisionsOf(await collect(log().readAll({ from, filter })))).toEqual([2, 3, 4])
      expect(revisionsOf(await collect(log().readAll({ from, filter, limit: 2 })))).toEqual([2, 3])
      expect(revisionsOf(await collect(log().readAll({ from, filter, direction: 'backwards', limit: 2 })))).toEqual([1, 0])
      expect(revisionsOf(await collect(log().readAll({ filter, direction: 'backwards', limit: 1 })))).toEqual([4])
    })
    test('30: it is filtered by the beginning of the stream and of the type, and shows nothing of the log itself', async () => {
      const stream = newStream()
      const wanted = newEvents(2, 'OrderPlaced')
      const { position: from } = await log().append(newStream(), 'no-stream', newEvents(1))
      await log().append(stream, 'no-stream', [...wanted, ...newEvents(1, 'OtherThing')])
      await log().append(newStream(), 'no-stream', newEvents(1, 'OrderPlaced'))
      await log().setMetadata(stream, { maxCount: 100 })
      const filter = { streamPrefix: stream, typePrefix: 'Order' }
      expect(idsOf(await collect(log().readAll({ from, filter })))).toEqual(idsOf(wanted))
      expect(idsOf(await collect(log().readAll({ filter, direction: 'backwards', limit: 2 })))).toEqual(idsOf(wanted).reverse())
      expect(await collect(log().readAll({ from, filter: { streamPrefix: stream, typePrefix: 'order' } }))).toEqual([])
      const newest = await collect(log().readAll({ direction: 'backwards', limit: 20 }))
      expect(newest.filter((event) => event.type.startsWith('$') || event.stream.startsWith('$'))).toEqual([])
    })
  })
}

export const deletion = (log: () => EventLog): void => {
  describe('deletion and truncation', () => {
    test('37: a deleted stream is not found until the next append, whose revisions go on', async () => {
      const stream = newStream()
      const { position: from } = await log().append(newStream(), 'no-stream', newEvents(1))
      await log().append(stream, 'no-stream', newEvents(3))
      await log().deleteStream(stream, 2)
      await rejection(collect(log().readStream(stream)), 'StreamNotFound')
      await rejection(log().append(stream, 'stream-exists', newEvents(1)), 'StreamDeleted')
      expect(await log().append(stream, 'no-stream', newEvents(1))).toMatchObject({ revision: 3 })
      expect(revisionsOf(await collect(log().readStream(stream)))).toEqual([3])
      expect(revisionsOf(await collect(log().readAll({ from, filter: { streamPrefix: stream } })))).toEqual([0, 1, 2, 3])
    })
    test('37: so they do with any and with the number of the last event', async () => {
      const [a, b] = [newStream(), newStream()]
      for (const stream of [a, b]) {
        await log().append(stream, 'no-stream', newEvents(2))
        await log().deleteStream(stream, 'any')
      }
      expect(await log().append(a, 'any', newEvents(1))).toMatchObject({ revision: 2 })
      expect(await log().append(b, 1, newEvents(1))).toMatchObject({ revision: 2 })
    })
    test('37: a deletion that expects another revision, or a stream that never was, is a conflict', async () => {
      const stream = newStream()
      await rejection(log().deleteStream(stream, 'any'), 'EventLogConflict')
      await log().append(stream, 'no-stream', newEvents(3))
      await rejection(log().deleteStream(stream, 1), 'EventLogConflict')
      expect(revisionsOf(await collect(log().readStream(stream)))).toEqual([0, 1, 2])
    })
    test('38: a tombstone is for ever: appends, reads and deletions are refused', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(3))
      await log().tombstoneStream(stream, 2)
      await rejection(collect(log().readStream(stream)), 'StreamDeleted')
      await rejection(log().append(stream, 'any', newEvents(1)), 'StreamDeleted')
      await rejection(log().append(stream, 'no-stream', newEvents(1)), 'StreamDeleted')
      await rejection(log().deleteStream(stream, 'any'), 'StreamDeleted')
      await rejection(collect(log().subscribe({ stream })), 'StreamDeleted')
    })
    test('39: maxCount and truncateBefore hide the oldest events, and revisions stay', async () => {
      const stream = newStream()
      const { position: from } = await log().append(newStream(), 'no-stream', newEvents(1))
      await log().append(stream, 'no-stream', newEvents(10))
      const read = async (): Promise<number[]> => revisionsOf(await collect(log().readStream(stream)))
      expect(await log().getMetadata(stream)).toEqual({})
      await log().setMetadata(stream, { maxCount: 3 })
      expect(await read()).toEqual([7, 8, 9])
      await log().append(stream, 9, newEvents(1))
      expect(await read()).toEqual([8, 9, 10])
      expect(revisionsOf(await collect(log().readStream(stream, { from: 1, limit: 2 })))).toEqual([8, 9])
      expect(revisionsOf(await collect(log().readStream(stream, { direction: 'backwards' })))).toEqual([10, 9, 8])
      await log().setMetadata(stream, { truncateBefore: 10 })
      expect(await log().getMetadata(stream)).toEqual({ truncateBefore: 10 })
      expect(await read()).toEqual([10])
      expect(revisionsOf(await collect(log().readAll({ from, filter: { streamPrefix: stream } })))).toHaveLength(11)
      await rejection(log().setMetadata(stream, { maxCount: 0 }), 'InvalidInput')
    })
    test('what is truncated is read by nobody, and the stream goes on', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(5))
      await log().truncateStream(stream, 3)
      const read = async (from?: number): Promise<number[]> =>
        revisionsOf(await collect(log().readStream(stream, from === undefined ? {} : { from })))
      expect(await read()).toEqual([3, 4])
      expect(await read(1)).toEqual([3, 4])
      await log().truncateStream(stream, 2)
      expect(await read()).toEqual([3, 4])
      await rejection(log().append(stream, 'no-stream', newEvents(1)), 'EventLogConflict')
      await log().append(stream, 4, newEvents(1))
      expect(await read()).toEqual([3, 4, 5])
      await log().truncateStream(stream, 99)
      expect(await read()).toEqual([5])
      const all = await collect(log().readAll({ filter: { streamPrefix: stream } }))
      expect(all.at(-1)).toMatchObject({ stream, revision: 5 })
      await rejection(log().truncateStream(newStream(), 1), 'StreamNotFound')
      await rejection(log().truncateStream(stream, -1), 'InvalidInput')
    })
  })
}
