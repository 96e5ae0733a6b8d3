import { describe, expect, test } from 'vitest'
import type { LimitOptions } from '../../../src/fold/limits.ts'
import { childLimits, childReport, childRunId, reachedWith, saysMore, type EndedRun } from '../../../src/fold/child-report.ts'
import type { Owed, RunState } from '../../../src/fold/run-state.ts'
import { isQuiescent, nextDue, runPlace, stateText, waitingBelow, waitsFor, waitsIn } from '../../../src/fold/standing.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import {
  approvalRequested,
  calls,
  messageReceived,
  modelAnswered,
  modelRequested,
  says,
  timerScheduled,
  toolRequested,
  toolUnresolved,
} from '../../support/facts.ts'
import { DAWN, fact, given, started, type Given, type Happening } from '../../../src/testing/given.ts'
import { parentOf } from '../../support/parent-charts.ts'

const parentWith = (limits?: LimitOptions) =>
  parentOf(
    [
      { agent: 'agent', key: 'a' },
      { agent: 'agent', key: 'b' },
    ],
    { ...(limits && { limits }) },
  )
const requested = (key = 'a'): Happening =>
  fact('ChildRunRequested', { callId: `0.${key}`, childRunId: `run-1.${key}-1`, agent: 'agent', input: 'Go.' })
const asking = (limits?: LimitOptions): Given => given(parentWith(limits), started(parentWith(limits))).and(requested(), requested('b'))
const reported = (changes: object = {}): Happening =>
  fact('ChildRunReported', {
    callId: '0.a',
    childRunId: 'run-1.a-1',
    waitsFor: null,
    spent: { tokens: 0, costMicroUsd: 0, runs: 0 },
    ...changes,
  })

const agent = defineAgent({ name: 'agent', version: '1', instructions: 'Help.', models: ['scripted/one'] })
const child = given(agent, started(agent, { parent: { runId: 'run-1', callId: '0.a' } }))
const working = child.and(messageReceived('Go.'), modelRequested('1.model'))
/** It has spent 15 tokens, and 7 millionths of a dollar. */
const spending = working.and(modelAnswered('1.model', [calls('read')], { costMicroUsd: 7 }))
const cancelled = fact('RunCancelled', { by: 'ann', reason: 'enough' })
const spent = (tokens: number, costMicroUsd: number, runs = 0) => ({ tokens, costMicroUsd, runs })
const said = { callId: '0.a', childRunId: 'run-1' }

const report = ({ state }: Given, of: Given | EndedRun) => childReport(state, 'state' in of ? of.state : of)

describe('what a run learns from one that it has asked for', () => {
  test('is for whom that waits, once', () => {
    const first = report(asking(), child)
    expect(first).toEqual({ type: 'ChildRunReported', data: { ...said, waitsFor: 'message', waitsIn: 'run-1', spent: spent(0, 0) } })
    const told = asking().and(reported({ waitsFor: 'message', waitsIn: 'run-1' }))
    expect(report(told, child)).toBeUndefined()
    expect(report(told, working)).toEqual({ type: 'ChildRunReported', data: { ...said, waitsFor: null, spent: spent(0, 0) } })
    expect(report(asking().and(reported({ waitsFor: 'message', waitsIn: 'another' })), child)).toEqual(first)
    expect(report(asking().and(reported({ waitsFor: 'human', waitsIn: 'run-1' })), child)).toEqual(first)
    expect(report(asking(), working)).toBeUndefined()
  })

  test('is what it has spent since the last report', () => {
    expect(report(asking(), spending)).toMatchObject({ type: 'ChildRunReported', data: { waitsFor: null, spent: spent(15, 7) } })
    expect(report(asking().and(reported({ spent: spent(10, 7) })), spending)).toMatchObject({ data: { spent: spent(5, 0) } })
    expect(report(asking().and(reported({ spent: spent(15, 3) })), spending)).toMatchObject({ data: { spent: spent(0, 4) } })
    expect(report(asking().and(reported({ spent: spent(15, 7) })), spending)).toBeUndefined()
    expect(report(asking().and(reported({ spent: spent(99, 99) })), spending)).toBeUndefined()
    const balanced = { ...spending.state, budget: { ...spending.state.budget, tokens: 7, costMicroUsd: 7 } }
    expect(childReport(asking().state, balanced)).toMatchObject({ data: { spent: spent(7, 7) } })
    const below = { ...spending.state, budget: { ...spending.state.budget, childRuns: 3 } }
    expect(childReport(asking().state, below)).toMatchObject({ data: { spent: spent(15, 7, 3) } })
    expect(childReport(asking().and(reported({ spent: spent(1, 1, 2) })).state, below)).toMatchObject({ data: { spent: { runs: 1 } } })
    expect(childReport(asking().and(reported({ spent: spent(1, 1, 5) })).state, below)).toMatchObject({ data: { spent: { runs: 0 } } })
  })

  test('is of use to it, though its chart knows nothing of it', () => {
    expect(
      asking()
        .and(reported({ spent: spent(1, 1) }))
        .events.at(-1)?.meta,
    ).not.toHaveProperty('ignored')
  })

  test('is its last word', () => {
    const done = child.and(fact('RunCompleted', { by: 'ann', output: { n: 1 } }))
    expect(report(asking(), done)).toEqual({ type: 'ChildRunSucceeded', data: { ...said, spent: spent(0, 0), output: { n: 1 } } })
    expect(report(asking(), child.and(fact('RunCompleted', { by: 'ann' })))).toMatchObject({ data: { output: null } })
    expect(report(asking(), spending.and(cancelled))).toEqual({
      type: 'ChildRunFailed',
      data: { ...said, spent: spent(15, 7), reason: 'enough' },
    })
    const { reason: _, ...gone } = child.and(cancelled).state
    expect(report(asking(), gone as EndedRun)).toMatchObject({ type: 'ChildRunFailed', data: { reason: 'cancelled' } })
  })

  test('is that it has failed where both have spent what they may', () => {
    expect(report(asking({ tokens: 15 }), spending)).toEqual({
      type: 'ChildRunFailed',
      data: { ...said, spent: spent(15, 7), reason: 'limit: tokens: 15 of 15' },
    })
    expect(report(asking({ tokens: 16 }), spending)).toMatchObject({ type: 'ChildRunReported' })
    const { state } = asking({ tokens: 1 })
    expect(childReport({ ...state, budget: { ...state.budget, tokens: 1 } }, working.state)).toBeUndefined()
  })

  test('is nothing where it waits for nothing more, but what was spent', () => {
    const resting = asking().and(messageReceived('Stop.'))
    expect(report(resting, child)).toBeUndefined()
    expect(report(resting, spending)).toMatchObject({ type: 'ChildRunReported', data: { waitsFor: null, spent: spent(15, 7) } })
    expect(report(resting, spending.and(cancelled))).toMatchObject({ type: 'ChildRunReported', data: { waitsFor: null } })
    expect(report(asking().and(cancelled), spending)).toBeUndefined()
    for (const parent of [undefined, { runId: 'run-1', callId: '0.c' }])
      expect(report(asking(), given(agent, started(agent, { ...(parent && { parent }) })))).toBeUndefined()
  })
})

describe('whether a run says something else of itself', () => {
  const more = (before: Given, after: Given | RunState) => saysMore(before.state, 'state' in after ? after.state : after)

  test('is so where it ends, waits for somebody else or elsewhere, or has spent something', () => {
    expect(more(child, child)).toBe(false)
    expect(more(working, child.and(messageReceived('Go.')))).toBe(false)
    expect(more(child, working)).toBe(true)
    expect(more(working, working.and(cancelled))).toBe(true)
    expect(more(child, { ...child.state, paused: true })).toBe(true)
    const { budget } = working.state
    expect(more(working, { ...working.state, budget: { ...budget, tokens: 1 } })).toBe(true)
    expect(more(working, { ...working.state, budget: { ...budget, costMicroUsd: 1 } })).toBe(true)
    const both = asking().and(reported({ callId: '0.b', waitsFor: 'human', waitsIn: 'y' }))
    const first = both.and(reported({ waitsFor: 'human', waitsIn: 'x' }))
    expect(more(first, both.and(reported({ waitsFor: 'human', waitsIn: 'z' })))).toBe(true)
  })
})

describe('the limits of a whole run', () => {
  const { budget } = spending.state
  const limited = (tokens: number | null, costMicroUsd: number | null, more?: ReturnType<typeof spent>) =>
    reachedWith({ ...budget, limits: { ...budget.limits!, tokens, costMicroUsd } }, more)

  test('leave no room where tokens or cost have come up to them, with what is about to be added', () => {
    expect(limited(15, null)).toBe('tokens: 15 of 15')
    expect(limited(16, null)).toBeUndefined()
    expect(limited(20, null, spent(5, 0))).toBe('tokens: 20 of 20')
    expect(limited(21, 100, spent(5, 0))).toBeUndefined()
    expect(limited(null, 7)).toBe('cost: 7 of 7 millionths of a dollar')
    expect(limited(null, 8)).toBeUndefined()
    expect(limited(100, 9, spent(0, 2))).toBe('cost: 9 of 9 millionths of a dollar')
    expect(limited(100, 10, spent(0, 2))).toBeUndefined()
    expect(limited(null, null, spent(1_000, 1_000))).toBeUndefined()
    expect(reachedWith({ ...budget, limits: undefined }, spent(1_000, 1_000))).toBeUndefined()
  })

  test('on runs below it are those that it names, and the usual ones', () => {
    expect(childLimits(undefined)).toEqual({ childDepth: 8, openChildRuns: 100, childRuns: 1_000 })
    expect(childLimits({ ...budget.limits!, childDepth: 2, childRuns: null })).toMatchObject({
      childDepth: 2,
      openChildRuns: 100,
      childRuns: null,
    })
  })

  test('and its id follows from the place of the call, unless it was recorded', () => {
    const owed = { key: '0.a', intent: 'startChildRun' } as unknown as Owed
    expect(childRunId('run-1', owed)).toBe('run-1.0.a')
    expect(childRunId('run-1', { ...owed, childName: 'a-1' })).toBe('run-1.a-1')
    expect(childRunId('run-1', { ...owed, childName: 'a-1', childRunId: 'x' })).toBe('x')
  })
})

describe('a run below which runs wait', () => {
  const below = asking().and(reported({ waitsFor: 'approval', waitsIn: 'x' }), reported({ callId: '0.b', waitsFor: 'human', waitsIn: 'y' }))
  const stand = ({ state }: Given) => ({ for: waitsFor(state), in: waitsIn(state), below: [...waitingBelow(state)] })

  test('waits for whom they wait, and is settled', () => {
    expect(stand(below)).toEqual({
      for: 'approval',
      in: 'x',
      below: [
        ['x', 'approval'],
        ['y', 'human'],
      ],
    })
    expect(isQuiescent(below.state)).toBe(true)
    expect(stand(asking().and(reported({ waitsFor: 'approval', waitsIn: 'x' })))).toEqual({
      for: undefined,
      in: undefined,
      below: [['x', 'approval']],
    })
    expect(isQuiescent(asking().state)).toBe(false)
    expect(stand(asking().and(reported({ waitsFor: 'human' })))).toMatchObject({ below: [] })
  })

  test('says nothing of them where it needs somebody itself, or is over', () => {
    expect(stand(below.and(fact('RunPaused', { by: 'ann' })))).toEqual({ for: 'resume', in: undefined, below: [] })
    expect(stand(below.and(cancelled))).toEqual({ for: undefined, in: undefined, below: [] })
    expect(stand(below.and(messageReceived('Stop.')))).toEqual({ for: 'human', in: undefined, below: [] })
    const withOwed = (owed: object) => ({ ...below.state, owed: new Map([...below.state.owed, ['1.0', owed as Owed]]) })
    expect([...waitingBelow(withOwed({ intent: 'lookUp', status: 'parked' }))]).toEqual([])
    expect([...waitingBelow(withOwed({ intent: 'startCall', status: 'claimed' }))]).toHaveLength(2)
    expect(waitsFor(withOwed({ intent: 'lookUp', status: 'parked' }))).toBe('human')
    expect(waitsFor(withOwed({ intent: 'checkCall', status: 'parked' }))).toBe('approval')
    expect(waitsIn(withOwed({ intent: 'startCall', status: 'claimed' }))).toBeUndefined()
    expect([...waitingBelow({ ...below.state, approvals: new Map([['1.0', {} as never]]) })]).toEqual([])
  })
})

describe('when time moves a run next', () => {
  const running = spending.and(toolRequested('3.0', { leaseUntil: 500 }))

  test('is the first of its timers, and the first lease of somebody else', () => {
    expect(nextDue(spending.state, 'me')).toEqual({})
    expect(nextDue(running.state, 'here/1/a')).toEqual({})
    expect(nextDue(running.state, 'me')).toEqual({ leaseAt: 2_501 })
    const twice = { ...running.state, owed: new Map(running.state.owed).set('x', { ...running.state.owed.get('3.0')!, leaseUntil: 400 }) }
    expect(nextDue(twice, 'me')).toEqual({ leaseAt: 2_401 })
    const wanting = { ...running.state, owed: new Map([['x', { ...running.state.owed.get('3.0')!, status: 'wanted' as const }]]) }
    expect(nextDue(wanting, 'me')).toEqual({})
    const { leaseUntil: _, ...endless } = running.state.owed.get('3.0')!
    expect(nextDue({ ...running.state, owed: new Map([['x', endless]]) }, 'me')).toEqual({})
  })

  test('counts a timer once it is recorded', () => {
    const asked = spending.and(approvalRequested('3.0', DAWN + 5_000))
    expect(nextDue(asked.state, 'me')).toEqual({})
    const timed = asked.and(timerScheduled('4.3.0/xstate.after.untilApprovalExpires.tool-call.awaitingApproval', DAWN + 5_000))
    expect(nextDue(timed.state, 'me')).toEqual({ timerAt: DAWN + 5_000 })
    const [key, timer] = [...timed.state.timers][0]!
    expect(
      nextDue(
        {
          ...timed.state,
          timers: new Map([
            [key, timer],
            ['x', { ...timer, dueAt: 7 }],
            ['y', { ...timer, dueAt: 9 }],
          ]),
        },
        'me',
      ),
    ).toEqual({ timerAt: 7 })
  })
})

describe('a run whose code is broken', () => {
  const broken = (state: RunState): RunState => ({ ...state, broken: { projection: 'p', revision: 1, type: 't', problem: 'x' } })

  test('has settled once nothing is under way', () => {
    const wanting = child.and(messageReceived('Go.'))
    expect(isQuiescent(wanting.state)).toBe(false)
    expect(isQuiescent(broken(wanting.state))).toBe(true)
    expect(isQuiescent(broken(working.state))).toBe(false)
    const two = {
      ...working.state,
      owed: new Map(working.state.owed).set('x', { ...working.state.owed.get('1.model')!, status: 'wanted' }),
    }
    expect(isQuiescent(broken(two))).toBe(false)
    expect(isQuiescent(working.and(modelAnswered('1.model', [says('Hi')]), cancelled).state)).toBe(true)
    expect(waitsFor(spending.and(toolRequested('3.0', { effect: 'once' }), toolUnresolved('3.0')).state)).toBeUndefined()
  })
})

describe('where a run stands', () => {
  const textOf = (value: unknown): string => stateText({ value } as never)

  test('is the path of its state, with the regions of a parallel one in brackets', () => {
    expect(textOf('a')).toBe('a')
    expect(textOf({ a: 'b' })).toBe('a.b')
    expect(textOf({ a: { b: 'c' } })).toBe('a.b.c')
    expect(textOf({ both: { a: 'x', b: 'y' } })).toBe('both(a.x|b.y)')
    expect(textOf({ a: { both: { b: 'x', c: { d: 'e', f: 'g' } } } })).toBe('a.both(b.x|c(d.e|f.g))')
    expect(textOf({ both: { a: {}, b: 'y', c: undefined } })).toBe('both(a|b.y|c)')
    expect(textOf({ a: '' })).toBe('a')
  })

  test('is its end where it was ended from outside, and else where its chart stands', () => {
    expect(runPlace(working.state)).toBe('thinking.callingModel')
    const outside = working.and(fact('RunCancelled', { by: 'ann', reason: 'enough', withoutChart: true }))
    expect(runPlace(outside.state)).toBe('cancelled')
    expect(outside.events.at(-1)?.meta).toMatchObject({ to: 'cancelled' })
    expect(outside.events.at(-1)?.meta).not.toHaveProperty('intents')
    expect(outside.state).toMatchObject({ status: 'cancelled', owed: new Map(), chart: working.state.chart })
    expect(runPlace(child.and(fact('RunCompleted', { by: 'ann' })).state)).toBe('completed')
  })
})
