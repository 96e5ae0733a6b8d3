import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { measuringClock } from '../../../src/eventlog/clock-offset.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { newEvent } from '../../conformance/event-log-cases.ts'
import { outcomeUnknown, troubledLog } from '../../support/troubled-log.ts'
import { manualClock } from '../../support/world.ts'

/** A server whose clock is so far ahead of ours, and whose appends take so long on their way there and back. */
const server = ({ aheadMs = 0, thereMs = 0, backMs = 0, stepMs = 1 } = {}) => {
  const clock = manualClock()
  const is = { aheadMs, thereMs, backMs, loses: 0 }
  const inner = memoryEventLog({
    clock: { ...clock, now: () => Math.floor((clock.now() + is.aheadMs) / stepMs) * stepMs },
  })
  const distant = troubledLog(inner, {
    onAppend: () => {
      clock.advance(is.thereMs)
      return () => {
        clock.advance(is.backMs)
        if (is.loses-- > 0) throw outcomeUnknown()
      }
    },
  })
  const told: number[] = []
  const { log, offsetMs } = measuringClock({ log: distant, clock, stepMs, changed: (offset) => told.push(offset) })
  let stream = 0
  const append = async (): Promise<void> => {
    clock.advance(30_000)
    await log.append(`a-${++stream}`, 'no-stream', [newEvent()])
    await nextTurn()
    await nextTurn()
  }
  return { is, log, clock, offsetMs, told, append }
}

describe('the clock of the server that stores events', () => {
  test.for([-3_600_000, -60_000, -2_500, 2_500, 60_000, 3_600_000])('is measured where it is %i ms ahead', async (aheadMs) => {
    const { offsetMs, append, told } = server({ aheadMs, thereMs: 5, backMs: 20 })
    expect(offsetMs()).toBe(0)
    await append()
    expect(Math.abs(offsetMs() - aheadMs)).toBeLessThanOrEqual(25)
    expect(told).toEqual([offsetMs()])
  })

  test('is not said to be wrong by what may be the way of an append', async () => {
    const { offsetMs, append, told } = server({ aheadMs: 0, thereMs: 1_500, backMs: 2_000 })
    await append()
    expect(offsetMs()).toBe(0)
    expect(told).toEqual([])
  })

  test('is known better by a later append that was faster, and no worse by one that was slower', async () => {
    const { is, offsetMs, append } = server({ aheadMs: 10_000, thereMs: 1_000, backMs: 1_000 })
    await append()
    expect(offsetMs()).toBe(9_000)
    Object.assign(is, { thereMs: 1, backMs: 1 })
    await append()
    expect(offsetMs()).toBe(9_999)
    Object.assign(is, { thereMs: 1_500, backMs: 1_500 })
    await append()
    expect(offsetMs()).toBe(9_999)
  })

  test('is believed again once somebody has set it', async () => {
    const { is, offsetMs, append, told } = server({ aheadMs: 60_000, thereMs: 1, backMs: 1 })
    await append()
    is.aheadMs = 0
    await append()
    expect(offsetMs()).toBe(0)
    expect(told).toEqual([59_999, 0])
  })

  test('that tells whole seconds is not said to be behind by their parts', async () => {
    const { offsetMs, append } = server({ aheadMs: 0, stepMs: 1_000, thereMs: 1, backMs: 1 })
    await append()
    expect(offsetMs()).toBe(0)
  })

  test('is not measured by an append that was repeated, since it may have been stored long before', async () => {
    const { is, log, clock, offsetMs } = server({ thereMs: 1, backMs: 1 })
    const event = newEvent()
    is.loses = 1
    await expect(log.append('a', 'no-stream', [event])).rejects.toMatchObject({ code: 'OutcomeUnknown' })
    clock.advance(120_000)
    await log.append('a', 'no-stream', [event])
    await nextTurn()
    expect(offsetMs()).toBe(0)
  })
})
