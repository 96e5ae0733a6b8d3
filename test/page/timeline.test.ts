import { describe, expect, test } from 'vitest'
import { lanesOf } from '../../page/run/overview-lanes.ts'
import { pauseMs, speeds } from '../../page/run/pace.ts'
import { timeScale } from '../../page/run/time-scale.ts'
import { timelineOf } from '../../page/run/timeline.ts'
import { isZoomed, shownSpan, wholeSpan } from '../../page/run/seen-span.ts'
import { outlineRow, type OutlineRow } from '../../src/projections/outline-row.ts'
import { outside, played, throughPeople } from '../support/forks.ts'
import { scenarios } from '../support/scenarios.ts'
import { eventsOf } from '../support/world.ts'

const HOUR = 3_600_000

const row = (revision: number, at: number, type: string, more: Partial<OutlineRow> = {}): OutlineRow => ({
  revision,
  type,
  at,
  to: '',
  summary: type,
  ...(revision > 0 && { cause: revision - 1 }),
  ...more,
})

/** Two tools at once, of which one waits for a person for an hour and the other is done at once. */
const rows: readonly OutlineRow[] = [
  row(0, 0, 'RunStarted'),
  row(1, 0, 'ModelCallRequested', { callId: 'm1', model: 'one', attempt: 1 }),
  row(2, 1_000, 'ModelCallSucceeded', { callId: 'm1', asks: ['pay', 'look'] }),
  row(3, 1_000, 'ApprovalRequested', { callId: '2.0', tool: 'pay', cause: 2 }),
  row(4, 1_000, 'ToolCallRequested', { callId: '2.1', tool: 'look', attempt: 1, cause: 2 }),
  row(5, 2_000, 'ToolCallSucceeded', { callId: '2.1' }),
  row(6, 2_000 + HOUR, 'ApprovalGranted', { callId: '2.0', cause: 3 }),
  row(7, 2_000 + HOUR, 'ToolCallRequested', { callId: '2.0', tool: 'pay', attempt: 1 }),
  row(8, 4_000 + HOUR, 'ToolCallSucceeded', { callId: '2.0' }),
  row(9, 4_000 + HOUR, 'ModelCallRequested', { callId: 'm9', model: 'one', attempt: 1 }),
  row(10, 5_000 + HOUR, 'ModelCallSucceeded', { callId: 'm9' }),
]

describe('a run that is played', () => {
  test('goes at the chosen speed, or as it went but neither too fast to see nor too slow to wait for', () => {
    expect((['0.5', '1', '2', '4'] as const).map((speed) => pauseMs(speed, 9_999, false))).toEqual([600, 300, 150, 75])
    expect([0, 700, HOUR].map((passed) => pauseMs('real', passed, false))).toEqual([20, 700, 2_000])
    expect(speeds.map((speed) => pauseMs(speed, 0, true))).toEqual(speeds.map(() => 1_000))
  })
})

describe('the timeline of a run', () => {
  const groups = timelineOf(rows)
  const named = (key: string) => groups.find((group) => group.key === key)

  test('says which calls one answer has asked for, and without which of them the end would have come earlier', () => {
    expect([named('2.0')?.asked, named('2.1')?.asked]).toEqual([
      { by: 2, count: 2 },
      { by: 2, count: 2 },
    ])
    expect(groups.filter(({ isCritical }) => isCritical).map(({ key }) => key)).toEqual(['event 0', 'm1', '2.0', 'm9'])
  })

  test('folds the hour in which a person was waited for, and says who waited', () => {
    const whole = wholeSpan(rows)
    const scale = timeScale(groups, whole)
    expect(scale.folds).toMatchObject([{ from: 2_000, to: 2_000 + HOUR, waiting: { key: '2.0' } }])
    expect(scale.of(2_000 + HOUR) - scale.of(2_000)).toBeCloseTo(0.08)
    expect(timeScale(groups, whole, false).folds).toEqual([])
    for (const at of [0, 500, 2_000, 1_000_000, 2_000 + HOUR, 5_000 + HOUR]) expect(scale.at(scale.of(at))).toBeCloseTo(at)
    expect([scale.of(-1), scale.of(0), scale.of(whole.to), scale.of(whole.to + 1)]).toEqual([0, 0, 1, 1])
    for (const { d } of lanesOf(groups, scale, whole.to)) expect(d).toMatch(/^M\d/)
  })

  test('shows the time that the address asks for, as far as the run has it', () => {
    const whole = wholeSpan(rows)
    expect(shownSpan({ t0: '1000', t1: '2000' }, whole)).toEqual({ from: 1_000, to: 2_000 })
    for (const query of [{}, { t0: 'x' }, { t0: '-5', t1: '1e3' }, { t0: '3000', t1: '2000' }, { t0: '99999999999999' }, { t1: '0' }]) {
      expect(isZoomed(shownSpan(query, whole), whole), JSON.stringify(query)).toBe(false)
    }
    expect(wholeSpan([])).toEqual({ from: 0, to: 1 })
  })

  test('leads from the newest event back to the first over what recorded runs say was the cause of what', async () => {
    const scenario = scenarios['parallel tools and a payment']
    if (scenario === undefined) throw new Error('Expected a scenario of parallel tools')
    const { world, origin } = await played(outside(), scenario)
    await throughPeople(world, origin)
    const events = await eventsOf(world, origin.id)
    const byId = new Map(events.map(({ id, revision }) => [id, revision]))
    const recorded = timelineOf(events.map((event) => outlineRow(event, (id) => byId.get(id))))
    const together = recorded.filter(({ asked }) => (asked?.count ?? 0) > 1)
    expect(together.length).toBeGreaterThan(1)
    // All of them end before the model is asked again, and the last of them is what it waited for.
    expect(together.filter(({ isCritical }) => isCritical).length).toBeGreaterThan(0)
    expect(together.filter(({ isCritical }) => !isCritical).length).toBeGreaterThan(0)
  })
})
