import { expect, test, describe } from 'vitest'
import type { SnapshotStore } from '../../src/snapshots/snapshot-store.ts'

/** What every snapshot store has to do. */
export const snapshotStoreConformance = (name: string, open: () => SnapshotStore): void => {
  describe(`the ${name} snapshot store`, () => {
    test('gives those of a run up to a revision, in order, whatever order they came in', async () => {
      const store = open()
      for (const revision of [999, 499, 1499]) await store.put('a', { revision, text: `"${revision}"` })
      await store.put('b', { revision: 499, text: '"other"' })
      expect(await store.upTo('a', 1000)).toEqual([
        { revision: 499, text: '"499"' },
        { revision: 999, text: '"999"' },
      ])
      await store.close()
    })

    test('replaces one of the same revision, and has none of a run it does not know', async () => {
      const store = open()
      await store.put('a', { revision: 1, text: '1' })
      await store.put('a', { revision: 1, text: '2' })
      expect(await store.upTo('a', 5)).toEqual([{ revision: 1, text: '2' }])
      expect(await store.upTo('z', 5)).toEqual([])
      await store.close()
    })

    test('forgets one run and keeps the others', async () => {
      const store = open()
      await store.put('a', { revision: 1, text: '1' })
      await store.put('b', { revision: 1, text: '1' })
      await store.drop('a')
      expect(await store.upTo('a', 5)).toEqual([])
      expect(await store.upTo('b', 5)).toHaveLength(1)
      await store.close()
    })
  })
}
