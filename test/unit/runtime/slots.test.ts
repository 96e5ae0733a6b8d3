import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createSlots } from '../../../src/runtime/slots.ts'
import { manualClock } from '../../support/world.ts'

const oneAtATime = { concurrency: 1, ratePerSecond: Infinity }

describe('places for effects', () => {
  test('pass over one that waited and no longer wants its place', async () => {
    const slots = createSlots(manualClock(), oneAtATime)
    const woken: string[] = []
    expect(slots.take({ key: 'first', retry: () => Promise.resolve() })).toBe(true)
    slots.take({ key: 'cancelled', retry: () => Promise.resolve(woken.push('cancelled')) })
    slots.take({ key: 'patient', retry: () => Promise.resolve(woken.push('patient')) })
    slots.release()
    await nextTurn()
    expect(woken).toEqual(['cancelled', 'patient'])
  })

  test('wake one at a time while they are taken again', async () => {
    const slots = createSlots(manualClock(), oneAtATime)
    const taken: string[] = []
    const wants = (key: string) => ({
      key,
      retry: async () => {
        if (slots.take(wants(key))) taken.push(key)
      },
    })
    for (const key of ['a', 'b', 'c']) slots.take(wants(key))
    slots.release()
    await nextTurn()
    expect(taken).toEqual(['b'])
  })

  test('remember one that asks again and again only once', async () => {
    const slots = createSlots(manualClock(), oneAtATime)
    let woken = 0
    slots.take({ key: 'first', retry: () => Promise.resolve() })
    for (let asked = 0; asked < 5; asked++) slots.take({ key: 'impatient', retry: () => Promise.resolve(woken++) })
    slots.release()
    await nextTurn()
    expect(woken).toBe(1)
  })

  test('are given no faster than their rate, and none is forgotten', async () => {
    const clock = manualClock()
    const slots = createSlots(clock, { concurrency: Infinity, ratePerSecond: 2 })
    const begun: number[] = []
    const wants = (key: string) => ({
      key,
      retry: async () => {
        if (slots.take(wants(key))) begun.push(clock.now() % 10_000)
      },
    })
    for (const key of ['a', 'b', 'c']) void wants(key).retry()
    for (let step = 0; step < 3; step++) {
      clock.next()
      await nextTurn()
    }
    expect(begun).toEqual([0, 500, 1_000])
  })

  test('are not held up by a clock that was set back', () => {
    const clock = manualClock()
    let back = 0
    const slots = createSlots({ ...clock, now: () => clock.now() - back }, { concurrency: Infinity, ratePerSecond: 2 })
    slots.take({ key: 'before', retry: () => Promise.resolve() })
    back = 3_600_000
    expect(slots.take({ key: 'after', retry: () => Promise.resolve() })).toBe(true)
  })
})
