import { describe, expect, test } from 'vitest'
import { stallWatch, type Standing } from '../../../src/bus/kafka/consumer.ts'

const at = (offset: number, change: Partial<Standing> = {}): Standing => ({
  place: 'events/0',
  at: offset,
  end: 10,
  isBusy: false,
  ...change,
})

describe('a consumer', () => {
  test('stands still where it has not moved between two looks though there is more', () => {
    const watch = stallWatch()
    expect(watch.isStuck([at(5)])).toBe(false)
    expect(watch.isStuck([at(5)])).toBe(true)
  })
  test('that moves, has nothing to take, or works does not stand still', () => {
    for (const looks of [
      [at(5), at(6), at(7)],
      [at(10), at(10), at(10)],
      [at(5, { isBusy: true }), at(5, { isBusy: true }), at(5)],
      [at(5), at(5, { isBusy: true }), at(5)],
      [at(10), at(10), at(10, { end: 11 })],
      [at(5), at(5, { place: 'events/1' }), at(5)],
    ]) {
      const watch = stallWatch()
      expect(looks.map((look) => watch.isStuck([look]))).toEqual([false, false, false])
    }
  })
  test('stands still where one of its partitions does', () => {
    const watch = stallWatch()
    watch.isStuck([at(5), at(7, { place: 'events/1' })])
    expect(watch.isStuck([at(6), at(7, { place: 'events/1' })])).toBe(true)
  })
  test('that was paused or given other partitions between two looks is looked at anew', () => {
    const watch = stallWatch()
    watch.isStuck([at(5)])
    watch.isStuck([])
    expect(watch.isStuck([at(5)])).toBe(false)
  })
})
