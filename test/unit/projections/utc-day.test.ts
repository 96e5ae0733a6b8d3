import { fc } from '../../support/fast-check.ts'
import { expect, test } from 'vitest'
import { utcDay } from '../../../src/projections/utc-day.ts'

test('the day of any time is that of the calendar', () => {
  const times = fc.integer({ min: Date.UTC(1, 0, 1), max: Date.UTC(9999, 11, 31) })
  fc.assert(
    fc.property(times, (at) => {
      expect(utcDay(at)).toBe(new Date(at).toISOString().slice(0, 10))
    }),
    {
      examples: [[0], [-1], [Date.UTC(2000, 1, 29)], [Date.UTC(2100, 1, 28)], [Date.UTC(2100, 2, 1) - 1], [Date.UTC(2028, 11, 31)]],
      numRuns: 2_000,
    },
  )
})
