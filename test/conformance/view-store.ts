import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../src/errors.ts'
import { noRecords } from '../../src/projections/view-records.ts'
import type { RunRow } from '../../src/projections/run-index.ts'
import type { Checkpoint, ViewStore } from '../../src/views/view-store.ts'
import { viewAnswers } from './view-store-queries.ts'
import { searches } from './view-store-search.ts'
import { sqlAnswers } from './view-store-sql.ts'
import { topicFeed } from './view-store-topic.ts'

export interface ViewsUnderTest {
  readonly views: ViewStore
  dispose(): Promise<void>
}

const checkpoint = (position: number, log = 'log-1'): Checkpoint => ({ log, position })

const newRow = (runId: string, position: number, change: Partial<RunRow> = {}): RunRow => ({
  runId,
  agent: 'order-desk',
  agentVersion: '1',
  chartHash: 'chart',
  status: 'active',
  paused: false,
  state: 'thinking.callingModel',
  revision: 0,
  hash: '',
  position,
  startedAt: 1,
  updatedAt: 2,
  turn: 1,
  inTurn: true,
  messages: 1,
  unread: 0,
  modelCalls: 1,
  toolCalls: 0,
  tokens: 0,
  costMicroUsd: 0,
  waitsFor: null,
  waitsSince: null,
  waitsIn: null,
  asked: {},
  firstText: 'Guten Tag',
  lastText: 'Grüße 😀',
  reason: null,
  owed: {},
  timers: {},
  attentionAt: null,
  ...change,
})

const idsOf = (rows: readonly RunRow[]): string[] => rows.map((row) => row.runId)

const rejection = async (promise: Promise<unknown>, code: ErrorCode): Promise<void> => {
  await expect(promise).rejects.toMatchObject({ name: 'AppError', code })
}

/** What every view store keeps. `open` gives an empty one. */
export const viewStoreConformance = (name: string, open: () => Promise<ViewsUnderTest>): void => {
  describe(`the ${name} view store`, () => {
    let opened: ViewsUnderTest
    beforeEach(async () => {
      opened = await open()
    })
    afterEach(() => opened.dispose())
    const views = (): ViewStore => opened.views
    const fill = async (...rows: RunRow[]): Promise<void> => {
      const since = await views().checkpoint()
      const position = Math.max(since?.position ?? 0, ...rows.map((row) => row.position))
      expect(await views().apply({ rows, records: noRecords, since, checkpoint: checkpoint(position) })).toBe(true)
    }

    batches(views, fill)
    lists(views, fill)
    attention(views, fill)
    endings(views, fill)
    topicFeed(views, newRow)
    viewAnswers(views)
    searches(views, fill, newRow)
    sqlAnswers(views)
  })
}

type Fill = (...rows: RunRow[]) => Promise<void>

const batches = (views: () => ViewStore, fill: Fill): void => {
  describe('a batch', () => {
    test('gives back every row as it was, and the checkpoint', async () => {
      const row = newRow('a', 10, {
        parent: { runId: 'p', callId: '1.0' },
        owed: { '1.0': 0, __proto__x: 5 },
        timers: { '4.x/é': 7 },
        asked: { '': 'human' },
        attentionAt: 0,
        problem: 'broken',
        reason: null,
      })
      await fill(row, newRow('b', 20))
      expect(await views().get('a')).toEqual(row)
      expect(await views().checkpoint()).toEqual(checkpoint(20))
      expect(await views().get('nobody')).toBeUndefined()
    })
    test('replaces a row by one of a higher revision and never by one of a lower', async () => {
      await fill(newRow('a', 10, { revision: 3 }))
      await fill(newRow('a', 20, { revision: 5, state: 'acting', status: 'completed' }))
      await fill(newRow('a', 15, { revision: 4, state: 'thinking' }))
      expect(await views().get('a')).toMatchObject({ revision: 5, state: 'acting', position: 20 })
      expect(idsOf(await views().list({ status: 'active', limit: 9 }))).toEqual([])
    })
    test('of a slower process is taken in without moving the checkpoint back', async () => {
      await fill(newRow('a', 10))
      await fill(newRow('a', 30, { revision: 2 }))
      expect(await views().apply({ rows: [newRow('b', 20)], records: noRecords, since: checkpoint(10), checkpoint: checkpoint(20) })).toBe(
        true,
      )
      expect(await views().checkpoint()).toEqual(checkpoint(30))
      expect(await views().get('b')).toMatchObject({ position: 20 })
    })
    test('folded on what was cleared meanwhile is refused whole', async () => {
      await fill(newRow('a', 10))
      await views().clear()
      const late = { rows: [newRow('a', 20, { revision: 1 })], records: noRecords, since: checkpoint(10), checkpoint: checkpoint(20) }
      expect(await views().apply(late)).toBe(false)
      await fill(newRow('c', 5))
      expect(await views().apply(late)).toBe(false)
      expect(await views().get('a')).toBeUndefined()
      expect(await views().checkpoint()).toEqual(checkpoint(5))
    })
    test('of another log is refused, and the refusal names both logs', async () => {
      await fill(newRow('a', 10))
      const foreign = views().apply({ rows: [newRow('x', 1)], records: noRecords, since: undefined, checkpoint: checkpoint(1, 'log-2') })
      await rejection(foreign, 'InvalidInput')
      await expect(foreign).rejects.toThrow(/log-1.*log-2/)
      expect(await views().get('x')).toBeUndefined()
      expect(await views().checkpoint()).toEqual(checkpoint(10))
    })
    test('without rows moves the checkpoint', async () => {
      await fill()
      expect(await views().apply({ rows: [], records: noRecords, since: checkpoint(0), checkpoint: checkpoint(40) })).toBe(true)
      expect(await views().checkpoint()).toEqual(checkpoint(40))
    })
  })
}

const lists = (views: () => ViewStore, fill: Fill): void => {
  describe('a list', () => {
    test('has the run with the newest event first, page after page', async () => {
      await fill(newRow('a', 10), newRow('b', 30), newRow('c', 20))
      expect(idsOf(await views().list({ limit: 2 }))).toEqual(['b', 'c'])
      expect(idsOf(await views().list({ limit: 2, before: 20 }))).toEqual(['a'])
      expect(idsOf(await views().list({ limit: 2, before: 10 }))).toEqual([])
    })
    test('shows only what every given part of the filter fits', async () => {
      await fill(
        newRow('a', 10, { status: 'failed' }),
        newRow('b', 20, { waitsFor: 'approval' }),
        newRow('c', 30, { agent: 'other', waitsFor: 'approval' }),
        newRow('d', 40, { agent: 'other', waitsFor: 'human' }),
      )
      expect(idsOf(await views().list({ status: 'failed', limit: 9 }))).toEqual(['a'])
      expect(idsOf(await views().list({ agent: 'other', limit: 9 }))).toEqual(['d', 'c'])
      expect(idsOf(await views().list({ waitsFor: 'approval', limit: 9 }))).toEqual(['c', 'b'])
      expect(idsOf(await views().list({ status: 'active', agent: 'other', waitsFor: 'approval', limit: 9, before: 40 }))).toEqual(['c'])
    })
    test('of one tag shows the runs that have it to the letter, and no other', async () => {
      await fill(
        newRow('a', 10, { tags: { customer: 'ann', order: '17' } }),
        newRow('b', 20, { tags: { customer: 'ann b' } }),
        newRow('c', 30, { tags: { customer: 'Ann' } }),
        newRow('d', 40),
        newRow('e', 50, { tags: { 'big.customer': 'ann', customer: '100%_?$1' } }),
      )
      const tagged = async (tag: string): Promise<readonly string[]> => idsOf(await views().list({ tag, limit: 9 }))
      expect(await tagged('customer=ann')).toEqual(['a'])
      expect(await tagged('customer=ann b')).toEqual(['b'])
      expect(await tagged('order=17')).toEqual(['a'])
      expect(await tagged('big.customer=ann')).toEqual(['e'])
      expect(await tagged('customer=100%_?$1')).toEqual(['e'])
      expect(await tagged('customer=100%__$1')).toEqual([])
      const queried = async (tag: string) => (await views().query('runs', { tag, limit: 9 }, 1)).rows.map(({ run_id }) => run_id)
      expect(await queried('customer=ann')).toEqual(['a'])
      expect(await queried('customer=100%_?$1')).toEqual(['e'])
      for (const odd of ['', 'customer', '=ann', 'customer=', 'a b=c', 'a=b\nc=d', 'a=\u0000', `a=${'x'.repeat(201)}`]) {
        await rejection(views().list({ tag: odd, limit: 9 }), 'InvalidInput')
        await rejection(views().query('costs', { tag: odd, limit: 9 }, 1), 'InvalidInput')
      }
    })

    test('of one tenant shows the runs of no other, and of no tenant, page after page', async () => {
      await fill(
        newRow('a', 10, { tenant: 'acme' }),
        newRow('b', 20, { tenant: 'globex' }),
        newRow('c', 30),
        newRow('d', 40, { tenant: 'acme', agent: 'other' }),
        newRow('e', 50, { tenant: 'acme' }),
      )
      expect(idsOf(await views().list({ tenant: 'acme', limit: 2 }))).toEqual(['e', 'd'])
      expect(idsOf(await views().list({ tenant: 'acme', limit: 2, before: 40 }))).toEqual(['a'])
      expect(idsOf(await views().list({ tenant: 'acme', agent: 'other', limit: 9 }))).toEqual(['d'])
      expect(idsOf(await views().list({ tenant: '', limit: 9 }))).toEqual([])
      expect(idsOf(await views().list({ limit: 9 }))).toEqual(['e', 'd', 'c', 'b', 'a'])
    })
    test('moves a run to the front with its next event', async () => {
      await fill(newRow('a', 10), newRow('b', 20))
      await fill(newRow('a', 30, { revision: 1, waitsFor: 'message' }))
      expect(idsOf(await views().list({ limit: 9 }))).toEqual(['a', 'b'])
      expect(idsOf(await views().list({ waitsFor: 'message', limit: 9 }))).toEqual(['a'])
    })
    test.each([
      ['NUL', 'a\0b'],
      ['half a character', 'a\uD800'],
      ['a page of text', 'x'.repeat(100_000)],
    ])('by %s is refused before the store is asked, and no run has such an id', async (_, text) => {
      await fill(newRow('a', 10))
      for (const filter of [{ agent: text }, { tenant: text }, { status: text }, { waitsFor: text }]) {
        await rejection(views().list({ ...(filter as { agent: string }), limit: 9 }), 'InvalidInput')
      }
      for (const filter of [{ run: text }, { agent: text }, { tenant: text }, { status: text }, { cursor: text }]) {
        await rejection(views().query('runs', { ...filter, limit: 9 }, 1), 'InvalidInput')
      }
      expect(await views().get(text)).toBeUndefined()
      expect(idsOf(await views().getMany([text, 'a']))).toEqual(['a'])
    })
    test.each([NaN, Infinity, -Infinity, 1e400, 2 ** 63, -(2 ** 63), 1.5, 1e21, '1' as unknown as number])(
      'by the number %d is refused before the store is asked',
      async (odd) => {
        await fill(newRow('a', 10))
        await rejection(views().list({ before: odd, limit: 9 }), 'InvalidInput')
        await rejection(views().list({ limit: odd }), 'InvalidInput')
        await rejection(views().due(odd, 9), 'InvalidInput')
        for (const filter of [{ since: odd }, { until: odd }, { limit: odd }])
          await rejection(views().query('timeline', { limit: 9, ...filter }, 1), 'InvalidInput')
        await rejection(views().query('stuck', { waitingMs: odd, limit: 9 }, 1), 'InvalidInput')
      },
    )
    test.each([
      '[1e400,"a"]',
      '[9223372036854775808,"a"]',
      '[1.5,"a"]',
      '["10","a"]',
      '[10,"a\\u0000"]',
      '[10,"\\ud800"]',
      '[10]',
      '[null,"a"]',
      '[[1],"a"]',
    ])('behind the odd place %s is refused before the store is asked', async (place) => {
      await fill(newRow('a', 10))
      const cursor = (text: string): string => Buffer.from(text).toString('base64url')
      expect((await views().query('stuck', { limit: 9, cursor: cursor('["stuck",10,"a"]') }, 1)).next).toBeNull()
      const behind = cursor(`["stuck",${place.slice(1)}`)
      await rejection(views().query('stuck', { limit: 9, cursor: behind }, 1), 'InvalidInput')
    })
    test('of no or of half a row is refused', async () => {
      for (const limit of [0, -1, 1.5, NaN]) {
        await rejection(views().list({ limit }), 'InvalidInput')
        await rejection(views().due(1, limit), 'InvalidInput')
      }
    })
  })
}

const attention = (views: () => ViewStore, fill: Fill): void => {
  describe('runs that are due', () => {
    test('are those whose time has come, the most urgent first and then the one untouched for longest', async () => {
      await fill(
        newRow('later', 10, { attentionAt: 101 }),
        newRow('now', 20, { attentionAt: 100 }),
        newRow('never', 30),
        newRow('at-once-2', 50, { attentionAt: 0 }),
        newRow('at-once-1', 40, { attentionAt: 0 }),
      )
      expect(idsOf(await views().due(100, 9))).toEqual(['at-once-1', 'at-once-2', 'now'])
      expect(idsOf(await views().due(100, 1))).toEqual(['at-once-1'])
    })
    test('are due while they are paused', async () => {
      await fill(newRow('a', 10, { attentionAt: 5, paused: true }))
      expect(idsOf(await views().due(5, 9))).toEqual(['a'])
    })
    test('are neither over nor broken', async () => {
      await fill(
        newRow('over', 10, { attentionAt: 1, status: 'cancelled' }),
        newRow('broken', 20, { attentionAt: 1, problem: 'unknown event' }),
      )
      expect(await views().due(9, 9)).toEqual([])
    })
    test('are also those that nobody waits for any more, whatever the time', async () => {
      const of = (runId: string, callId = '0.a') => ({ parent: { runId, callId } })
      await fill(
        newRow('waiting', 10, { owed: { '0.a': 0, '0.it"s b': 0 } }),
        newRow('done', 20, { status: 'completed' }),
        newRow('broken', 30, { problem: 'unknown event' }),
        newRow('wanted', 40, of('waiting')),
        newRow('wanted-too', 50, of('waiting', '0.it"s b')),
        newRow('dropped', 60, of('waiting', '0.b')),
        newRow('left', 70, { ...of('done'), attentionAt: 9_999 }),
        newRow('lost', 80, of('nobody')),
        newRow('unsure', 90, of('broken')),
        newRow('over', 100, { ...of('done'), status: 'cancelled' }),
        newRow('unreadable', 110, { ...of('done'), problem: 'unknown event' }),
        newRow('due', 120, { ...of('done'), attentionAt: 1 }),
      )
      expect(idsOf(await views().due(5, 9)).sort()).toEqual(['dropped', 'due', 'left', 'lost'])
    })
    test('are due no more once their next event has settled what they owed', async () => {
      await fill(newRow('a', 10, { attentionAt: 1 }))
      await fill(newRow('a', 20, { revision: 1 }))
      expect(await views().due(9, 9)).toEqual([])
    })
  })
}

const endings = (views: () => ViewStore, fill: Fill): void => {
  test('forgets everything when it is cleared, and takes another log then', async () => {
    await fill(newRow('a', 10, { attentionAt: 0 }))
    await views().clear()
    expect(await views().checkpoint()).toBeUndefined()
    expect(await views().list({ limit: 9 })).toEqual([])
    expect(await views().due(9, 9)).toEqual([])
    expect(await views().apply({ rows: [newRow('x', 1)], records: noRecords, since: undefined, checkpoint: checkpoint(1, 'log-2') })).toBe(
      true,
    )
  })
  test('refuses every call once it is closed, but for closing', async () => {
    await views().close()
    await views().close()
    await rejection(views().checkpoint(), 'Closed')
    await rejection(views().apply({ rows: [], records: noRecords, since: undefined, checkpoint: checkpoint(1) }), 'Closed')
    await rejection(views().get('a'), 'Closed')
    await rejection(views().list({ limit: 1 }), 'Closed')
    await rejection(views().due(1, 1), 'Closed')
    await rejection(views().clear(), 'Closed')
  })
}
