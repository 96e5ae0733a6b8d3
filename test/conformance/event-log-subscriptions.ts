import { describe, expect, test } from 'vitest'
import type { EventLog, StoredEvent, SubscriptionItem } from '../../src/eventlog/event-log.ts'
import { backlog, collect, follow, fromNow, idsIn, idsOf, newEvents, newStream, rejection, revisionsOf } from './event-log-cases.ts'

export const subscriptions = (log: () => EventLog): void => {
  describe('subscriptions', () => {
    test('26: a subscription begins behind its checkpoint', async () => {
      const stream = newStream()
      const results = []
      for (let i = 0; i < 4; i++) results.push(await log().append(stream, 'any', newEvents(1)))
      const after = results[1]?.position ?? 0
      expect(revisionsOf(await backlog(log(), { after, filter: { streamPrefix: stream } }))).toEqual([2, 3])
      expect(revisionsOf(await backlog(log(), { after: 0, stream }))).toEqual([1, 2, 3])
    })
    test('27: it begins with the first event, or behind the last', async () => {
      const stream = newStream()
      const first = newEvents(3)
      await log().append(stream, 'no-stream', first)
      expect(idsOf(await backlog(log(), { stream }))).toEqual(idsOf(first))
      // A store may hold millions of events: its first two tell enough.
      const firstOfAll = await follow(log(), {}, (events) => events.length === 2)
      expect(firstOfAll).toEqual(await collect(log().readAll({ limit: 2 })))
      const later = newEvents(1)
      const fromEnd = follow(log(), await fromNow(log(), stream), (events) => events.length > 0)
      await log().append(stream, 2, later)
      expect(idsOf(await fromEnd)).toEqual(idsOf(later))
    })
    test('27: a stream may be subscribed to before it is there', async () => {
      const stream = newStream()
      const events = newEvents(2)
      const followed = follow(log(), { stream }, (seen) => seen.length === 2)
      await log().append(stream, 'no-stream', events)
      expect(idsOf(await followed)).toEqual(idsOf(events))
    })
    test('28: every event comes once and in order across the switch from backlog to live, under concurrent writes', async () => {
      const prefix = newStream()
      const whole = await fromNow(log(), prefix)
      const perWriter = 1_250
      const write = async (writer: number): Promise<void> => {
        for (let i = 0; i < perWriter; i += 5) await log().append(`${prefix}.${writer}`, i === 0 ? 'no-stream' : i - 1, newEvents(5))
      }
      const writers = Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(write))
      const isAll = (events: readonly StoredEvent[]): boolean => events.length === 8 * perWriter
      const [seen] = await Promise.all([follow(log(), whole, isAll), writers])
      const positions = seen.map((event) => event.position)
      expect(positions.every((position, i) => i === 0 || position > (positions[i - 1] ?? 0))).toBe(true)
      const perStream = Map.groupBy(seen, (event) => event.stream)
      for (const events of perStream.values()) expect(revisionsOf(events)).toEqual(events.map((_, i) => i))
      expect(perStream.size).toBe(8)
    })
    test('29: caughtUp comes after the backlog, also where there is none', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(3))
      const kinds: SubscriptionItem['kind'][] = []
      await follow(log(), { stream }, (_, item) => kinds.push(item.kind) > 0 && item.kind === 'caughtUp')
      expect(kinds).toEqual(['event', 'event', 'event', 'caughtUp'])
      expect(await backlog(log(), { stream: newStream() })).toEqual([])
    })
    test('30: a subscription is filtered by the beginning of the stream and of the type', async () => {
      const stream = newStream()
      const wanted = newEvents(2, 'OrderPlaced')
      const filter = { streamPrefix: stream, typePrefix: 'Order' }
      const followed = follow(log(), { ...(await fromNow(log(), stream)), filter }, (events) => events.length === 2)
      await log().append(newStream(), 'no-stream', newEvents(1, 'OrderPlaced'))
      await log().append(stream, 'no-stream', [...newEvents(1, 'OtherThing'), ...wanted.slice(0, 1)])
      await log().append(stream, 'any', [...newEvents(1, 'OtherThing'), ...wanted.slice(1)])
      expect(idsOf(await followed)).toEqual(idsOf(wanted))
      expect(idsOf(await backlog(log(), { stream, filter: { typePrefix: 'Order' } }))).toEqual(idsOf(wanted))
    })
    test('30: how far it has passed what does not fit is good to go on from, and comes behind the events before it', async () => {
      const wanted = newStream()
      const filter = { streamPrefix: wanted }
      await log().append(wanted, 'no-stream', newEvents(2))
      for (let i = 0; i < 3; i++) await log().append(newStream(), 'no-stream', newEvents(50))
      const marks: number[] = []
      const seen = await follow(log(), { ...(await fromNow(log(), wanted)), after: 0, filter }, (events, item) => {
        if (item.kind === 'event') marks.push(item.event.position)
        if (item.kind === 'passed') marks.push(item.position)
        return item.kind === 'passed' && events.length === 2
      })
      expect(revisionsOf(seen)).toEqual([0, 1])
      expect(marks).toEqual(marks.toSorted((a, b) => a - b))
      await log().append(wanted, 1, newEvents(1))
      expect(revisionsOf(await backlog(log(), { after: marks.at(-1) ?? 0, filter }))).toEqual([2])
    })
    test('43: what is there is given to its end, with how far others have written, and no further', async () => {
      const wanted = newStream()
      const filter = { streamPrefix: wanted }
      const after = (await log().append(newStream(), 'no-stream', newEvents(1))).position
      await log().append(wanted, 'no-stream', newEvents(2))
      for (let i = 0; i < 3; i++) await log().append(newStream(), 'no-stream', newEvents(50))
      const items = await collect(log().backlog({ after, filter }))
      expect(items.flatMap((item) => (item.kind === 'event' ? [item.event.revision] : []))).toEqual([0, 1])
      expect(items.at(-1)).toEqual({ kind: 'caughtUp' })
      const marks = items.flatMap((item) => (item.kind === 'event' ? [item.event.position] : item.kind === 'passed' ? [item.position] : []))
      expect(marks).toEqual(marks.toSorted((a, b) => a - b))
      await log().append(wanted, 1, newEvents(1))
      const more = await collect(log().backlog({ after: marks.at(-1) ?? 0, filter }))
      expect(more.flatMap((item) => (item.kind === 'event' ? [item.event.revision] : []))).toEqual([2])
      const head = (await log().head()) ?? 0
      expect(await collect(log().backlog({ after: head, filter }))).toEqual([{ kind: 'caughtUp' }])
      await rejection(collect(log().backlog({ after: head + 1_000_000, filter })), 'InvalidInput')
      expect(await collect(log().backlog({ after, filter, signal: AbortSignal.abort() }))).toEqual([])
    })
    test('43: whoever leaves it early leaves nothing behind', async () => {
      const wanted = newStream()
      await log().append(wanted, 'no-stream', newEvents(300))
      const seen: number[] = []
      for await (const item of log().backlog({ filter: { streamPrefix: wanted } })) {
        if (item.kind === 'event' && seen.push(item.event.revision) === 3) break
      }
      expect(seen).toEqual([0, 1, 2])
    })
    test('31: a slow subscriber loses nothing and holds up nobody', async () => {
      const stream = newStream()
      const slow = log().subscribe({ stream })[Symbol.asyncIterator]()
      await log().append(stream, 'no-stream', newEvents(1))
      const seen: number[] = []
      const take = async (): Promise<void> => {
        const { value } = (await slow.next()) as { value: SubscriptionItem }
        if (value.kind === 'event') seen.push(value.event.revision)
      }
      await take()
      for (let i = 0; i < 20; i++) await log().append(stream, 'any', newEvents(100))
      expect(await backlog(log(), { stream })).toHaveLength(2_001)
      while (seen.length < 2_001) await take()
      await slow.return?.()
      expect(seen).toEqual(seen.map((_, i) => i))
    })
    test('31: what is appended while a live subscriber is busy reaches it afterwards', async () => {
      const stream = newStream()
      const revisions = follow(log(), { stream }, (events) => events.length === 3)
      const iterator = log().subscribe({ stream })[Symbol.asyncIterator]()
      await iterator.next()
      const first = nextRevision(iterator)
      await log().append(stream, 'no-stream', newEvents(1))
      expect(await first).toBe(0)
      await log().append(stream, 0, newEvents(1))
      expect(await nextRevision(iterator)).toBe(1)
      await iterator.return?.()
      await log().append(stream, 1, newEvents(1))
      expect(revisionsOf(await revisions)).toEqual([0, 1, 2])
    })
    test('32: a signal ends the iteration without an error, also while it waits', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(5))
      const controller = new AbortController()
      const seen: StoredEvent[] = []
      for await (const item of log().subscribe({ stream, signal: controller.signal })) {
        if (item.kind === 'event' && seen.push(item.event) === 2) controller.abort()
      }
      expect(revisionsOf(seen)).toEqual([0, 1])
      const waiting = new AbortController()
      const ended = follow(log(), { stream: newStream(), signal: waiting.signal }, (_, item) => {
        if (item.kind === 'caughtUp') queueMicrotask(() => waiting.abort())
        return false
      })
      expect(await ended).toEqual([])
      expect(await collect(log().subscribe({ signal: AbortSignal.abort() }))).toEqual([])
    })
    test('32: an iterator that is returned while it waits ends at once', async () => {
      const iterator = log().subscribe({ stream: newStream() })[Symbol.asyncIterator]()
      expect(await iterator.next()).toMatchObject({ value: { kind: 'caughtUp' } })
      const pending = iterator.next()
      expect(await iterator.return?.()).toMatchObject({ done: true })
      expect(await pending).toMatchObject({ done: true })
    })
    test('33: an error of the handler surfaces there, and other subscribers go on', async () => {
      const stream = newStream()
      const following = follow(log(), { stream }, (events) => {
        if (events.length > 0) throw new Error('handler is broken')
        return false
      })
      const broken = expect(following).rejects.toThrow('handler is broken')
      const sound = follow(log(), { stream }, (events) => events.length === 2)
      await log().append(stream, 'no-stream', newEvents(1))
      await broken
      await log().append(stream, 0, newEvents(1))
      expect(await sound).toHaveLength(2)
    })
    test('36: a checkpoint ahead of the log is refused', async () => {
      const stream = newStream()
      const { position, revision } = await log().append(stream, 'no-stream', newEvents(1))
      await rejection(collect(log().subscribe({ after: position + 1_000_000_000 })), 'InvalidInput')
      await rejection(collect(log().subscribe({ stream, after: revision + 1 })), 'InvalidInput')
      await rejection(collect(log().subscribe({ stream: newStream(), after: 0 })), 'InvalidInput')
    })
    test('37: a subscriber of a stream that is deleted and written again sees what is new', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(2))
      await log().deleteStream(stream, 1)
      expect(await backlog(log(), { stream })).toEqual([])
      await log().append(stream, 'no-stream', newEvents(1))
      expect(revisionsOf(await backlog(log(), { stream }))).toEqual([2])
    })
    test('38: a subscriber of a stream that gets its tombstone is told', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(1))
      const told = rejection(
        follow(log(), { stream }, () => false),
        'StreamDeleted',
      )
      await log().tombstoneStream(stream, 0)
      await told
    })
  })
}

/** `caughtUp` may be repeated. */
const nextRevision = async (items: AsyncIterator<SubscriptionItem>): Promise<number | undefined> => {
  for (;;) {
    const item = (await items.next()) as IteratorResult<SubscriptionItem, undefined>
    if (item.done === true) return undefined
    if (item.value.kind === 'event') return item.value.event.revision
  }
}

export const restarts = (log: () => EventLog, reopen: () => Promise<EventLog>): void => {
  describe('a restart of the store', () => {
    test('34: a subscriber that goes on from its checkpoint misses nothing', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(10))
      const [checkpoint] = (await backlog(log(), { stream })).slice(4, 5)
      const again = await reopen()
      await again.append(stream, 9, newEvents(2))
      const seen = await backlog(again, { after: checkpoint?.position ?? 0, filter: { streamPrefix: stream } })
      expect(revisionsOf(seen)).toEqual([5, 6, 7, 8, 9, 10, 11])
    })
    test('36: a checkpoint of before still fits, one ahead is still refused', async () => {
      const { position } = await log().append(newStream(), 'no-stream', newEvents(1))
      const again = await reopen()
      expect(await again.head()).toBeGreaterThanOrEqual(position)
      expect(await backlog(again, { after: position, filter: { streamPrefix: 'nobody' } })).toEqual([])
      await rejection(collect(again.subscribe({ after: position + 1_000_000_000 })), 'InvalidInput')
    })
    test('40: an append that is repeated gives exactly one copy', async () => {
      const stream = newStream()
      await log().append(stream, 'no-stream', newEvents(1))
      const events = newEvents(3)
      const first = await log().append(stream, 0, events)
      const again = await reopen()
      expect(await again.append(stream, 0, events)).toEqual(first)
      expect((await idsIn(again, stream)).slice(1)).toEqual(idsOf(events))
    })
    test('streams that were deleted, truncated or given a tombstone still are', async () => {
      const [deleted, truncated, dead] = [newStream(), newStream(), newStream()]
      for (const stream of [deleted, truncated, dead]) await log().append(stream, 'no-stream', newEvents(3))
      await log().deleteStream(deleted, 2)
      await log().setMetadata(truncated, { truncateBefore: 2 })
      await log().tombstoneStream(dead, 2)
      const again = await reopen()
      await rejection(collect(again.readStream(deleted)), 'StreamNotFound')
      expect(revisionsOf(await collect(again.readStream(truncated)))).toEqual([2])
      await rejection(again.append(dead, 'any', newEvents(1)), 'StreamDeleted')
    })
  })
}
