import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createSlots, type WaitingRuns } from '../../../src/runtime/answers/slots.ts'
import { manualClock } from '../../support/world.ts'

const oneAtATime = { concurrency: 1, ratePerSecond: Infinity }

/** Runs that wait, and what each does when it is woken. */
const waitingRuns = (wake: (runId: string) => unknown = () => undefined) => {
  const held: string[] = []
  const runs: WaitingRuns = {
    hold: (runId) => {
      held.push(runId)
      return () => {
        held.splice(held.indexOf(runId), 1)
      }
    },
    wake: async (runId) => wake(runId),
  }
  return { runs, held }
}

describe('places for effects', () => {
  test('pass over a run that waited and no longer wants its place', async () => {
    const woken: string[] = []
    const { runs, held } = waitingRuns((runId) => woken.push(runId))
    const slots = createSlots(manualClock(), oneAtATime, runs)
    expect(slots.tryAcquire('first')).toBe(true)
    slots.tryAcquire('cancelled')
    slots.tryAcquire('patient')
    expect(held).toEqual(['cancelled', 'patient'])
    slots.release()
    await nextTurn()
    expect(woken).toEqual(['cancelled', 'patient'])
    expect(held).toEqual([])
  })

  test('wake one at a time while they are taken again, and keep those in memory that wait', async () => {
    const taken: string[] = []
    const { runs, held } = waitingRuns((runId) => {
      if (slots.tryAcquire(runId)) taken.push(runId)
    })
    const slots = createSlots(manualClock(), oneAtATime, runs)
    for (const runId of ['a', 'b', 'c']) slots.tryAcquire(runId)
    slots.release()
    await nextTurn()
    expect(taken).toEqual(['b'])
    expect(held).toEqual(['c'])
  })

  test('remember a run that asks again and again only once', async () => {
    let woken = 0
    const { runs } = waitingRuns(() => woken++)
    const slots = createSlots(manualClock(), oneAtATime, runs)
    slots.tryAcquire('first')
    for (let asked = 0; asked < 5; asked++) slots.tryAcquire('impatient')
    slots.release()
    await nextTurn()
    expect(woken).toBe(1)
  })

  test('are given no faster than their rate, and no run is forgotten', async () => {
    const clock = manualClock()
    const begun: number[] = []
    const ask = (runId: string): void => {
      if (slots.tryAcquire(runId)) begun.push(clock.now() % 10_000)
    }
    const slots = createSlots(clock, { concurrency: Infinity, ratePerSecond: 2 }, waitingRuns(ask).runs)
    for (const runId of ['a', 'b', 'c']) ask(runId)
    for (let step = 0; step < 3; step++) {
      clock.next()
      await nextTurn()
    }
    expect(begun).toEqual([0, 500, 1_000])
  })

  test('are not held up by a clock that was set back', () => {
    const clock = manualClock()
    let back = 0
    const slots = createSlots({ ...clock, now: () => clock.now() - back }, { concurrency: Infinity, ratePerSecond: 2 }, waitingRuns().runs)
    slots.tryAcquire('before')
    back = 3_600_000
    expect(slots.tryAcquire('after')).toBe(true)
  })
})
