import { describe, expect, test } from 'vitest'
import { noRecords } from '../../src/projections/view-records.ts'
import type { RunRow } from '../../src/projections/run-index.ts'
import type { ViewStore, TopicBatch } from '../../src/views/view-store.ts'

type NewRow = (runId: string, position: number, change?: Partial<RunRow>) => RunRow

const TOPIC = 'refold.events'

const batch = (change: Partial<TopicBatch>): TopicBatch => ({
  rows: [],
  records: noRecords,
  topic: TOPIC,
  partition: 0,
  generation: 0,
  from: undefined,
  next: 1,
  ...change,
})

const stateOf = async (views: ViewStore): Promise<{ generation: number; offsets: Record<number, number> }> => {
  const { generation, offsets } = await views.topicState(TOPIC)
  return { generation, offsets: Object.fromEntries(offsets) }
}

const idsIn = async (views: ViewStore): Promise<string[]> => (await views.list({ limit: 100 })).map(({ runId }) => runId).sort()

/** What a view store keeps that is fed from a topic. */
export const topicFeed = (views: () => ViewStore, newRow: NewRow): void => {
  const begin = async (): Promise<number> => (await views().topicState(TOPIC)).generation

  test('gives several rows at once, without those that are not there', async () => {
    await views().apply(batch({ generation: await begin(), rows: [newRow('a', 10), newRow('b', 20), newRow('c', 30)] }))
    const found = await views().getMany(['c', 'nobody', 'a'])
    expect(found.map(({ runId }) => runId).sort()).toEqual(['a', 'c'])
    expect(found).toEqual(expect.arrayContaining([newRow('a', 10)]))
    expect(await views().getMany([])).toEqual([])
  })

  describe('a batch of messages', () => {
    test('writes rows and offset together, partition by partition', async () => {
      const generation = await begin()
      expect(await views().apply(batch({ generation, rows: [newRow('a', 10)], next: 7 }))).toBe(true)
      expect(await views().apply(batch({ generation, rows: [newRow('b', 20)], partition: 3, next: 2 }))).toBe(true)
      expect(await views().apply(batch({ generation, rows: [newRow('a', 30, { revision: 1 })], from: 7, next: 9 }))).toBe(true)
      expect(await stateOf(views())).toEqual({ generation, offsets: { 0: 9, 3: 2 } })
      expect(await views().get('a')).toMatchObject({ revision: 1 })
      expect(await views().topicState('another')).toEqual({ generation, offsets: new Map() })
      expect(await views().checkpoint()).toBeUndefined()
    })
    test('is refused whole where another has gone on', async () => {
      const generation = await begin()
      await views().apply(batch({ generation, next: 7 }))
      for (const from of [undefined, 5, 9]) {
        expect(await views().apply(batch({ generation, rows: [newRow('late', 10)], from, next: 20 }))).toBe(false)
      }
      expect(await stateOf(views())).toEqual({ generation, offsets: { 0: 7 } })
      expect(await views().get('late')).toBeUndefined()
    })
    test('is refused where the view store was cleared meanwhile, though it stands where it stood', async () => {
      const generation = await begin()
      await views().clear()
      expect(await views().apply(batch({ generation, rows: [newRow('late', 10)] }))).toBe(false)
      expect(await idsIn(views())).toEqual([])
      expect(await views().apply(batch({ generation: await begin() }))).toBe(true)
      await views().clear()
      expect((await stateOf(views())).offsets).toEqual({})
    })
    test('never replaces a row by one of a lower revision', async () => {
      const generation = await begin()
      await views().apply(batch({ generation, rows: [newRow('a', 30, { revision: 5 })] }))
      await views().apply(batch({ generation, rows: [newRow('a', 20, { revision: 4 })], from: 1, next: 2 }))
      expect(await views().get('a')).toMatchObject({ revision: 5 })
    })
  })

  describe('a rebuild', () => {
    test('shows nothing until it is finished, and then all of it in one step', async () => {
      const generation = await begin()
      await views().apply(batch({ generation, rows: [newRow('old', 10, { state: 'wrong' }), newRow('gone', 20)], next: 50 }))
      const rebuild = await views().beginRebuild()
      await rebuild.put({ rows: [newRow('old', 10, { state: 'right' }), newRow('new', 15)], records: noRecords })
      await rebuild.put({ rows: [newRow('new', 30, { revision: 2 })], records: noRecords })
      await rebuild.put({ rows: [newRow('new', 20, { revision: 1 })], records: noRecords })
      expect(await rebuild.getMany(['new', 'gone'])).toMatchObject([{ runId: 'new', revision: 2 }])
      expect(await idsIn(views())).toEqual(['gone', 'old'])
      expect(await views().apply(batch({ generation, from: 50, next: 60 }))).toBe(true)
      await rebuild.finish({ checkpoint: undefined, topic: { name: TOPIC, offsets: new Map([[0, 55]]) } })
      expect(await idsIn(views())).toEqual(['new', 'old'])
      expect(await views().get('old')).toMatchObject({ state: 'right' })
      expect((await stateOf(views())).offsets).toEqual({ 0: 55 })
    })
    test('refuses what was folded on the rows before', async () => {
      const generation = await begin()
      await views().apply(batch({ generation, next: 50 }))
      const rebuild = await views().beginRebuild()
      await rebuild.finish({ checkpoint: undefined, topic: { name: TOPIC, offsets: new Map([[0, 50]]) } })
      expect(await views().apply(batch({ generation, rows: [newRow('late', 10)], from: 50, next: 60 }))).toBe(false)
      expect(await views().apply(batch({ generation: await begin(), rows: [newRow('next', 10)], from: 50, next: 60 }))).toBe(true)
      expect(await idsIn(views())).toEqual(['next'])
    })
    test('that is discarded leaves no trace, and another can be begun', async () => {
      await views().apply(batch({ generation: await begin(), rows: [newRow('a', 10)] }))
      const given = await views().beginRebuild()
      await given.put({ rows: [newRow('b', 20)], records: noRecords })
      await given.discard()
      expect(await idsIn(views())).toEqual(['a'])
      for (const runId of ['c', 'd']) {
        const rebuild = await views().beginRebuild()
        await rebuild.put({ rows: [newRow(runId, 30)], records: noRecords })
        await rebuild.finish({ checkpoint: undefined, topic: { name: TOPIC, offsets: new Map() } })
        expect(await idsIn(views())).toEqual([runId])
      }
      expect(await views().list({ status: 'active', agent: 'order-desk', limit: 5 })).toHaveLength(1)
    })
  })
}
