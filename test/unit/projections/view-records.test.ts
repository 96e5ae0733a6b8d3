import { describe, expect, test } from 'vitest'
import { foldViews } from '../../../src/consumers/fold-views.ts'
import type { RunFact } from '../../../src/events/run-events.ts'
import type { RunRow } from '../../../src/projections/run-index.ts'
import type { ViewRecords } from '../../../src/projections/view-records.ts'
import {
  approvalRequested,
  message,
  modelRequested,
  modelSucceeded,
  recorded,
  START,
  started,
  storedHistory,
  toolRequested,
  toolSucceeded,
  type Recorded,
} from '../consumers/run-history.ts'

const viewsAfter = (...steps: readonly Recorded[]): ViewRecords & { readonly row: RunRow } => {
  const { rows, records } = foldViews([], storedHistory('run-7', steps)).changes
  return { ...records, row: rows[0]! }
}

const asked = [
  recorded(started(), 'awaitingMessage'),
  recorded(message('Hi'), 'thinking', 'callModel:1.model'),
  recorded(modelRequested('1.model', START + 60_000), 'thinking'),
  recorded(modelSucceeded('1.model'), 'acting', 'checkCall:3.0', 'checkCall:3.1', 'callModel:3.aside'),
  recorded(modelRequested('3.aside', START + 60_000), 'acting'),
  recorded(toolRequested('3.0', START + 60_000), 'acting; 3.0=running'),
  recorded(approvalRequested('3.1', START + 90_000), 'acting; 3.1=awaitingApproval'),
]

const cancelled: RunFact = { type: 'RunCancelled', data: { by: 'ann', reason: 'no' } }
const limit: RunFact = { type: 'LimitExceeded', data: { limit: 'iterations', used: 2, allowed: 2 } }

describe('what is open', () => {
  test('is carried in the row of the run until it is settled', () => {
    const { row } = viewsAfter(...asked)
    expect(Object.keys(row.open?.toolCalls ?? {})).toEqual(['3.0', '3.1'])
    expect(Object.keys(row.open?.approvals ?? {})).toEqual(['3.1'])
    expect(Object.keys(row.open?.modelCalls ?? {})).toEqual(['3.aside'])
    expect(viewsAfter(...asked, recorded(toolSucceeded('3.0'), 'acting; 3.0=over')).row.open?.toolCalls).not.toHaveProperty('3.0')
  })
  test.each([
    ['the end of the run', recorded(cancelled, 'cancelled')],
    ['a chart that gives up what it has open', recorded(limit, 'wrappingUp', 'abandon:abandon')],
  ])('ends with %s, and nothing of it is carried on', (_, end) => {
    const { row, toolCalls, approvals, modelCalls } = viewsAfter(...asked, end)
    expect(toolCalls.map(({ state, settledAt }) => [state, settledAt])).toEqual([
      ['abandoned', START + 7_000],
      ['abandoned', START + 7_000],
    ])
    expect(approvals).toMatchObject([{ decision: 'withdrawn', decidedBy: null, settledAt: START + 7_000, revision: 7 }])
    expect(modelCalls.find(({ callId }) => callId === '3.aside')).toMatchObject({ outcome: 'abandoned' })
    expect(row.open?.toolCalls).toBeUndefined()
    expect(row.open?.approvals).toBeUndefined()
    expect(row.open?.modelCalls).toBeUndefined()
  })
  test('at the end of a chart leaves a question open until the run is over', () => {
    const { approvals, toolCalls } = viewsAfter(...asked, recorded(toolSucceeded('3.0'), 'done', 'endRun:endRun'))
    expect(approvals).toMatchObject([{ decision: null }])
    expect(toolCalls.map(({ state }) => state)).toEqual(['succeeded', 'abandoned'])
  })
  test('is a question that the chart has asked and given up at once', () => {
    const gone = recorded(approvalRequested('3.0', START + 90_000), 'wrappingUp', 'abandon:abandon')
    expect(viewsAfter(...asked.slice(0, 5), gone).approvals).toMatchObject([{ decision: 'withdrawn' }])
  })
})

describe('an attempt of a model call', () => {
  test('that another process takes over is abandoned', () => {
    const { modelCalls, row } = viewsAfter(...asked.slice(0, 3), recorded(modelRequested('1.model', START + 90_000, 2), 'thinking'))
    expect(modelCalls.map(({ attempt, outcome, revision }) => [attempt, outcome, revision])).toEqual([
      [1, 'abandoned', 3],
      [2, 'open', 3],
    ])
    expect(row.open?.modelCalls?.['1.model']).toMatchObject({ attempt: 2 })
  })
  test('counts what it has cost, also where nobody knows its request', () => {
    const { modelCalls, row } = viewsAfter(...asked.slice(0, 2), recorded(modelSucceeded('1.model', 40), 'acting'))
    expect(modelCalls).toMatchObject([{ outcome: 'succeeded', costMicroUsd: 40, model: '' }])
    expect(row.open?.modelCalls).toBeUndefined()
  })
})

describe('a payload that is kept apart', () => {
  const long = 'x'.repeat(70_000)

  test('is named as that in every view, and is no problem', () => {
    const answer = modelSucceeded('1.model') as Extract<RunFact, { type: 'ModelCallSucceeded' }>
    const { row, messages, toolCalls, timeline } = viewsAfter(
      asked[0]!,
      recorded(message(long), 'thinking', 'callModel:1.model'),
      recorded(modelRequested('1.model', START + 60_000), 'thinking'),
      recorded({ ...answer, data: { ...answer.data, parts: [{ type: 'text', text: long }] } }, 'acting', 'checkCall:3.0'),
      recorded({ type: 'ToolCallRequested', data: { ...toolRequestedData(), input: { long } } }, 'acting'),
    )
    expect(row.problem).toBeUndefined()
    expect(messages.map(({ text }) => text)).toEqual(['(stored apart)', '(stored apart)'])
    expect(toolCalls).toMatchObject([{ tool: 'refund', input: '(stored apart)' }])
    expect(timeline.map(({ summary }) => summary.length)).toEqual(timeline.map(({ summary }) => Math.min(summary.length, 200)))
    expect(timeline[1]?.summary).toBe('“(stored apart)”')
  })
})

const toolRequestedData = () => (toolRequested('3.0', START) as Extract<RunFact, { type: 'ToolCallRequested' }>).data

describe('a step', () => {
  const timesOf = ({ steps }: ViewRecords): unknown[] =>
    steps.flatMap(({ callId, fromState, workedMs, waitedMs }) => (workedMs === null ? [] : [[callId, fromState, workedMs, waitedMs]]))

  test('says how long its chart stood where it was, and how much of that it waited for people', () => {
    const granted: RunFact = { type: 'ApprovalGranted', data: { callId: '3.1', by: 'ann', digest: 'd' } }
    const records = viewsAfter(
      ...asked,
      recorded({ type: 'RunPaused', data: { by: 'ann' } }, 'acting'),
      recorded(granted, 'acting; 3.1=ready'),
      recorded({ type: 'RunResumed', data: { by: 'ann' } }, 'acting'),
      recorded(toolSucceeded('3.0'), 'thinking; 3.0=succeeded', 'callModel:10.model'),
    )
    expect(timesOf(records)).toEqual([
      ['', 'awaitingMessage', 0, 1_000],
      ['', 'thinking', 2_000, 0],
      ['3.0', 'checking', 2_000, 0],
      ['3.1', 'checking', 3_000, 0],
      ['3.1', 'awaitingApproval', 0, 2_000],
      // Asked for at the sixth second, paused until the ninth, and the model was called meanwhile.
      ['', 'acting', 4_000, 3_000],
      ['3.0', 'running', 5_000, 0],
    ])
  })

  test('of a clock that goes back has taken no time', () => {
    const events = storedHistory('run-7', asked).map((event) => ({
      ...event,
      meta: event.meta.replace(/"at":(\d+)/, (_, at) => `"at":${2 * START - Number(at)}`),
    }))
    for (const { workedMs, waitedMs } of foldViews([], events).changes.records.steps)
      expect([null, 0]).toEqual(expect.arrayContaining([workedMs, waitedMs]))
  })

  test('is none of a fork, neither what it has copied nor what it does', () => {
    const fact = started() as Extract<RunFact, { type: 'RunStarted' }>
    const forked: RunFact = { ...fact, data: { ...fact.data, forkOf: { runId: 'run-1', revision: 3 } } }
    const { steps, row, timeline } = viewsAfter(recorded(forked, 'awaitingMessage'), ...asked.slice(1))
    expect(row.problem).toBeUndefined()
    expect(timeline).toHaveLength(asked.length)
    expect(steps).toEqual([])
  })

  test('is none of a run that began with a seal', () => {
    const fact = started() as Extract<RunFact, { type: 'RunStarted' }>
    const seal = { real: [], reads: true, simulate: {}, samples: false, modelCalls: null, costMicroUsd: null }
    const { steps, row } = viewsAfter(recorded({ ...fact, data: { ...fact.data, sealed: { seal } } }, 'awaitingMessage'), ...asked.slice(1))
    expect(row).toMatchObject({ sealed: true })
    expect(steps).toEqual([])
  })
})
