import { describe, expect, test } from 'vitest'
import type { EventLog, NewEvent } from '../../src/eventlog/event-log.ts'
import { collect, idsIn, newEvents, newStream, rejection, revisionsOf } from '../conformance/event-log-cases.ts'

const ROUNDS = 30
const FOREIGN_EVENTS = 4_000
const EVENTS_PER_APPEND = 500

/** What holds in a store that others write to, and that people delete in, be it the stand-in or a real server. */
export const sharedStore = (name: string, log: () => EventLog): void => {
  describe(`a store that is shared, in ${name}`, () => {
    test('gives a stream that was deleted and is written again to whoever reads after the append', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const stream = newStream()
        await log().append(stream, 'no-stream', newEvents(2))
        await log().deleteStream(stream, 1)
        const [event] = newEvents(1) as [NewEvent]
        await log().append(stream, 1, [event])
        expect(await idsIn(log(), stream)).toEqual([event.id])
      }
    })
    test('says how far others have written, and is good to go on from each of those places', async () => {
      const { stream, after } = await behindOthers(log())
      const filter = { streamPrefix: stream }
      const items = await collect(log().backlog({ after, filter }))
      const passed = items.flatMap((item) => (item.kind === 'passed' ? [item.position] : []))
      expect(passed.length).toBeGreaterThan(2)
      await log().append(stream, 1, newEvents(1))
      for (const position of [passed[0], passed.at(-1)]) {
        const seen = await collect(log().backlog({ after: position ?? 0, filter }))
        expect(seen.flatMap((item) => (item.kind === 'event' ? [item.event.revision] : []))).toEqual([2])
        expect(revisionsOf(await collect(log().readAll({ from: position ?? 0, filter })))).toEqual([2])
      }
    })
    test('is good to read and to subscribe from where events were that are truncated or deleted by now', async () => {
      const [gone, truncated, stream] = [newStream(), newStream(), newStream()]
      const places: number[] = []
      for (const name of [gone, truncated]) places.push((await log().append(name, 'no-stream', newEvents(3))).position)
      await log().deleteStream(gone, 2)
      await log().append(truncated, 2, newEvents(1))
      await log().truncateStream(truncated, 3)
      await log().append(stream, 'no-stream', newEvents(2))
      const filter = { streamPrefix: stream }
      for (const position of places) {
        expect(revisionsOf(await collect(log().readAll({ from: position, filter })))).toEqual([0, 1])
        expect((await collect(log().readAll({ from: position }))).filter((event) => event.stream === stream)).toHaveLength(2)
        let seen = 0
        for await (const item of log().subscribe({ after: position, filter })) if (item.kind === 'event' && ++seen === 2) break
      }
      await rejection(collect(log().readStream(gone)), 'StreamNotFound')
    })
  })
}

const behindOthers = async (log: EventLog): Promise<{ stream: string; after: number }> => {
  const { position: after } = await log.append(newStream(), 'no-stream', newEvents(1))
  const stream = newStream()
  await log.append(stream, 'no-stream', newEvents(2))
  for (let left = FOREIGN_EVENTS; left > 0; left -= EVENTS_PER_APPEND)
    await log.append(newStream(), 'no-stream', newEvents(EVENTS_PER_APPEND))
  return { stream, after }
}
