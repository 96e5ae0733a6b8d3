import { describe, expect, test } from 'vitest'
import { type EventLog, type NewEvent, MAX_APPEND_BYTES } from '../../src/eventlog/event-log.ts'
import { collect, idsIn, idsOf, newEvent, newEvents, newStream, rejection, revisionsOf } from './event-log-cases.ts'

export const expectedRevisions = (log: () => EventLog): void => {
  describe('expected revisions', () => {
    test('1: an append with no-stream to a new stream begins at revision 0', async () => {
      expect(await log().append(newStream(), 'no-stream', newEvents(3))).toMatchObject({ revision: 2 })
    })
    test('2: no-stream on a stream that exists is a conflict that tells where the stream is', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(2))
      const { details } = await rejection(log().append(stream, 'no-stream', newEvents(1)), 'EventLogConflict')
      expect(details).toMatchObject({ stream, expected: 'no-stream', actual: 1 })
    })
    test('3: the number of the last event appends behind it', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(2))
      expect(await log().append(stream, 1, newEvents(2))).toMatchObject({ revision: 3 })
    })
    test('4: a number beyond the end is a conflict, and "no-stream" is what it finds of a new stream', async () => {
      const stream = newStream()
      expect((await rejection(log().append(stream, 0, newEvents(1)), 'EventLogConflict')).details).toMatchObject({ actual: 'no-stream' })
      await log().append(stream, 'no-stream', newEvents(1))
      expect((await rejection(log().append(stream, 1, newEvents(1)), 'EventLogConflict')).details).toMatchObject({ actual: 0 })
    })
    test('5: a number before the end is a conflict that tells where the stream is', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(3))
      const { details } = await rejection(log().append(stream, 1, newEvents(1)), 'EventLogConflict')
      expect(details).toMatchObject({ expected: 1, actual: 2 })
    })
    test('6: stream-exists on a stream that never was is a conflict, on one that has metadata or events it is not', async () => {
      const stream = newStream()
      await rejection(log().append(stream, 'stream-exists', newEvents(1)), 'EventLogConflict')
      await log().setMetadata(stream, { maxCount: 10 })
      expect(await log().append(stream, 'stream-exists', newEvents(1))).toMatchObject({ revision: 0 })
      expect(await log().append(stream, 'stream-exists', newEvents(1))).toMatchObject({ revision: 1 })
    })
    test('7: any appends to a new stream and to one that exists', async () => {
      const stream = newStream()
      expect(await log().append(stream, 'any', newEvents(1))).toMatchObject({ revision: 0 })
      expect(await log().append(stream, 'any', newEvents(1))).toMatchObject({ revision: 1 })
    })
    test('a revision that is no whole number is refused', async () => {
      for (const revision of [-1, 0.5, Number.NaN]) await rejection(log().append(newStream(), revision, newEvents(1)), 'InvalidInput')
    })
  })
}

export const repeatedAppends = (log: () => EventLog): void => {
  describe('repeated appends', () => {
    test('8: the same ids at the same number succeed again with the same result, and nothing is written', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(1))
      const events = newEvents(2)
      const first = await log().append(stream, 0, events)
      expect(await log().append(stream, 0, events)).toEqual(first)
      expect(await idsIn(log(), stream)).toHaveLength(3)
    })
    test('9: so they do after later events', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(1))
      const events = newEvents(2)
      const first = await log().append(stream, 0, events)
      await log().append(stream, 2, newEvents(4))
      expect(await log().append(stream, 0, events)).toEqual(first)
    })
    test('10: so they do with no-stream', async () => {
      const stream = newStream()
      const events = newEvents(2)
      const first = await log().append(stream, 'no-stream', events)
      await log().append(stream, 1, newEvents(1))
      expect(await log().append(stream, 'no-stream', events)).toEqual(first)
    })
    test('11: ids that begin as stored and then differ are a conflict', async () => {
      const stream = newStream()
      const events = newEvents(2)
      await log().append(stream, 'no-stream', events)
      await rejection(log().append(stream, 'no-stream', [...events.slice(0, 1), newEvent()]), 'EventLogConflict')
      expect(await idsIn(log(), stream)).toEqual(idsOf(events))
    })
    test('12: a repeated batch that is longer than what is stored is a conflict', async () => {
      const stream = newStream()
      const events = newEvents(2)
      await log().append(stream, 'no-stream', events)
      await rejection(log().append(stream, 'no-stream', [...events, newEvent()]), 'EventLogConflict')
    })
    test('13: the same ids at the number of the last event ARE written again', async () => {
      const stream = newStream()
      const events = newEvents(1)
      await log().append(stream, 'no-stream', events)
      await log().append(stream, 0, events)
      expect(await idsIn(log(), stream)).toEqual([...idsOf(events), ...idsOf(events)])
    })
    test('14: two streams may hold the same id', async () => {
      const events = newEvents(1)
      await log().append(newStream(), 'no-stream', events)
      expect(await log().append(newStream(), 'no-stream', events)).toMatchObject({ revision: 0 })
    })
    test('15: the same id with another payload succeeds, and the first payload is kept', async () => {
      const stream = newStream()
      const event = newEvent({ price: 1 })
      await log().append(stream, 'no-stream', [event])
      await log().append(stream, 'no-stream', [{ ...event, data: '{"price":2}' }])
      expect((await collect(log().readStream(stream))).map((stored) => stored.data)).toEqual(['{"price":1}'])
    })
  })
}

export const appendLimits = (log: () => EventLog): void => {
  describe('what an append is', () => {
    test('16: of 50 writers that race for a revision exactly one wins, and each batch is one contiguous block', async () => {
      const stream = newStream()
      const rounds = 5
      const race = async (writer: number): Promise<number> => {
        let won = 0
        for (let round = 0; round < rounds; round++) {
          const expected = round === 0 ? 'no-stream' : round * 2 - 1
          const batch = newEvents(2, `Writer${writer}`)
          won += await log()
            .append(stream, expected, batch)
            .then(
              () => 1,
              async (error: unknown) => (await rejection(Promise.reject(error as Error), 'EventLogConflict'), 0),
            )
        }
        return won
      }
      const wins = await Promise.all(Array.from({ length: 50 }, (_, writer) => race(writer)))
      const stored = await collect(log().readStream(stream))
      expect(wins.reduce((sum, won) => sum + won, 0) * 2).toBe(stored.length)
      expect(revisionsOf(stored)).toEqual(stored.map((_, i) => i))
      for (let i = 0; i < stored.length; i += 2) expect(stored[i + 1]?.type).toBe(stored[i]?.type)
      expect(stored).toHaveLength(rounds * 2)
    })
    test('17: an append of nothing is refused', async () => {
      await rejection(log().append(newStream(), 'any', []), 'InvalidInput')
    })
    test('18: an append above the limit is TooLarge and nothing is written', async () => {
      const stream = newStream()
      const half = (): NewEvent => newEvent('x'.repeat(MAX_APPEND_BYTES / 2))
      await rejection(log().append(stream, 'no-stream', [half(), half()]), 'TooLarge')
      await rejection(collect(log().readStream(stream)), 'StreamNotFound')
      expect(await log().append(stream, 'no-stream', [half()])).toMatchObject({ revision: 0 })
    })
    test('19: what no log could give back as it was is refused, and the log goes on', async () => {
      const stream = newStream()
      const broken: Partial<NewEvent>[] = [
        { id: 'not-a-uuid' },
        { id: randomUpperCaseId() },
        { type: '' },
        { type: '$reserved' },
        { data: '' },
        { data: '"\ud800"' },
        { meta: '' },
      ]
      for (const part of broken)
        await rejection(log().append(stream, 'no-stream', [newEvent(), { ...newEvent(), ...part }]), 'InvalidInput')
      for (const name of ['', '$reserved']) await rejection(log().append(name, 'no-stream', newEvents(1)), 'InvalidInput')
      expect(await log().append(stream, 'no-stream', newEvents(1))).toMatchObject({ revision: 0 })
    })
  })
}

const randomUpperCaseId = (): string => newEvent().id.toUpperCase().replace(/^./, 'A')
