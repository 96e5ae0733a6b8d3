import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { withEntry, withoutKey } from '../../../src/projections/entries.ts'

const change = fc.record({ key: fc.nat({ max: 300 }), value: fc.nat(), isTakenOut: fc.boolean() })

describe('a map that is never changed', () => {
  test('is what a Map would be after the same changes, in the same order, and stays what it was', () => {
    fc.assert(
      fc.property(fc.nat({ max: 250 }), fc.array(change, { maxLength: 300 }), (begin, changes) => {
        const model = new Map(Array.from({ length: begin }, (_, key) => [key, -1]))
        let map: ReadonlyMap<number, number> = new Map(model)
        const earlier: { map: ReadonlyMap<number, number>; entries: [number, number][] }[] = []
        for (const { key, value, isTakenOut } of changes) {
          earlier.push({ map, entries: [...model] })
          map = isTakenOut ? withoutKey(map, key) : withEntry(map, key, value)
          if (isTakenOut) model.delete(key)
          else model.set(key, value)
          expect([map.size, map.get(key), map.has(key)]).toEqual([model.size, model.get(key), model.has(key)])
        }
        expect([...map]).toEqual([...model])
        expect([...map.keys()]).toEqual([...model.keys()])
        expect([...map.values()]).toEqual([...model.values()])
        const told: [number, number][] = []
        map.forEach((value, key) => told.push([key, value]))
        expect(told).toEqual([...model])
        for (const past of earlier.slice(-20)) expect([...past.map]).toEqual(past.entries)
      }),
      { numRuns: 60 },
    )
  })

  test('is the very same where there is nothing to take out', () => {
    const map = new Map(Array.from({ length: 100 }, (_, key) => [key, key]))
    expect(withoutKey(map, 100)).toBe(map)
  })
})
