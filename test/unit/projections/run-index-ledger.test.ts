import { textContent } from '../../../src/events/content.ts'
import { fc } from '../../support/fast-check.ts'
import { expect, test } from 'vitest'
import type { EventMeta, RunEvent } from '../../../src/events/envelope.ts'
import type { RunFact } from '../../../src/events/run-events.ts'
import { step, type Step } from '../../../src/fold/fold.ts'
import type { Owed, Program, RunState } from '../../../src/fold/run-state.ts'
import { waitsFor } from '../../../src/fold/standing.ts'
import { agentRun } from '../../../src/machines/agent-run.ts'
import { toolCall } from '../../../src/machines/tool-call.ts'
import { takeInEvent, type RunRow } from '../../../src/projections/run-index.ts'
import { newestRecords } from '../../../src/views/newest-records.ts'
import { expectAgreement } from '../../support/view-agreement.ts'
import { chartDriver } from '../../../src/statechart/driver.ts'
import {
  approvalGranted,
  approvalRequested,
  escalated,
  message,
  modelFailed,
  modelRequested,
  modelSucceeded,
  newEvent,
  START,
  started,
  storedEvent,
  timerFired,
  timerScheduled,
  toolRequested,
  toolSucceeded,
  toolUnresolved,
  turnCompleted,
} from '../consumers/run-history.ts'

const program: Program = { run: chartDriver(agentRun), toolCall: chartDriver(toolCall), chartHash: 'chart', projections: [] }
const RUN = 'run-7'

const asksForTools = (callId: string): RunFact => {
  const answer = modelSucceeded(callId) as Extract<RunFact, { type: 'ModelCallSucceeded' }>
  const parts = ['a', 'b'].map((id) => ({ type: 'toolCall' as const, id, name: 'refund', argumentsText: '{}' }))
  return { type: 'ModelCallSucceeded', data: { ...answer.data, parts } }
}

const modelFailedFor = (callId: string, next: 'nextModel' | 'escalate'): RunFact => ({
  type: 'ModelCallFailed',
  data: { callId, attempt: 1, class: 'auth', message: 'no key', next, durationMs: 1 },
})

const toolFailed = (callId: string, at: number | undefined): RunFact => ({
  type: 'ToolCallFailed',
  data: { callId, attempt: 1, class: 'error', message: 'no', ...(at === undefined ? {} : { retryAt: at }) },
})

/** What a worker may append about one thing that is owed. */
const answersTo = ({ key, intent, status, attempt }: Owed, at: number): readonly RunFact[] => {
  switch (intent) {
    case 'callModel':
      if (status === 'wanted') return [modelRequested(key, at + 5_000, attempt)]
      return [
        modelRequested(key, at + 9_000, attempt + 1),
        modelSucceeded(key),
        asksForTools(key),
        modelFailed(key, at + 1_000),
        modelFailedFor(key, 'nextModel'),
        modelFailedFor(key, 'escalate'),
      ]
    case 'checkCall':
    case 'startCall':
      if (status === 'claimed')
        return [
          toolRequested(key, at + 9_000, attempt + 1),
          toolSucceeded(key),
          toolFailed(key, at + 1_000),
          toolFailed(key, undefined),
          toolUnresolved(key),
        ]
      return [
        toolRequested(key, at + 5_000, attempt),
        ...(intent === 'startCall'
          ? []
          : [
              approvalRequested(key, at + 30_000),
              { type: 'ToolCallRejected' as const, data: { callId: key, reason: 'guardrail' as const, message: 'no' } },
            ]),
      ]
    case 'lookUp':
      return status === 'parked' ? [toolSucceeded(key)] : [toolSucceeded(key), toolFailed(key, at + 1_000), escalated('nobody knows', key)]
    case 'deny':
      return [{ type: 'ToolCallDenied', data: { callId: key, by: 'ann', reason: 'no' } }]
    default:
      return answersToNamed[intent] ?? []
  }
}

const answersToNamed: Readonly<Record<string, readonly RunFact[]>> = {
  checkInput: [
    { type: 'InputAccepted', data: { parts: textContent('redacted') } },
    { type: 'InputRejected', data: { guardrail: 'g', reason: 'r' } },
  ],
  checkOutput: [
    { type: 'OutputAccepted', data: {} },
    { type: 'OutputRejected', data: { reason: 'r' } },
  ],
  reportLimit: [{ type: 'LimitExceeded', data: { limit: 'iterations', used: 2, allowed: 2 } }],
  escalate: [escalated('lost')],
  endRun: [{ type: 'RunCompleted', data: {} }],
}

const byPeople: readonly RunFact[] = [
  message('Hi'),
  { type: 'RunPaused', data: { by: 'ann' } },
  { type: 'RunResumed', data: { by: 'ann' } },
]

const whileEscalated: readonly RunFact[] = [
  { type: 'HumanAnswerReceived', data: { by: 'ann', parts: textContent('So it is.') } },
  { type: 'RunReturned', data: { by: 'ann' } },
]

/** Everything that may happen next. A timer that was armed is scheduled first. */
const possible = (state: RunState): readonly RunFact[] => {
  for (const timer of state.timers.values())
    if (timer.dueAt === undefined) return [timerScheduled(timer.timerId, timer.askedAt + timer.delayMs)]
  const turnEnd = state.owed.has('endTurn') ? [turnCompleted(state.budget.turn)] : []
  return [
    ...[...state.owed.values()].flatMap((owed) => answersTo(owed, state.at)),
    ...turnEnd,
    ...[...state.approvals.keys()].flatMap((callId): RunFact[] => [
      approvalGranted(callId),
      { type: 'ApprovalDenied', data: { callId, by: 'ann', reason: 'no' } },
    ]),
    ...[...state.timers.values()].map((timer) => timerFired(timer.timerId)),
    ...(state.chart.value === 'escalated' && !state.owed.has('escalate') ? whileEscalated : []),
    ...byPeople,
    state.takenOver === undefined ? { type: 'RunTakenOver', data: { by: 'ann' } } : { type: 'RunReleased', data: { by: 'ann' } },
  ]
}

const runEvent = (fact: RunFact, revision: number): RunEvent => {
  const meta = { at: START + revision * 1_000, hash: '', correlationId: RUN } as EventMeta
  return { ...fact, id: `id-${revision}`, runId: RUN, revision, meta }
}

const owedOf = (state: RunState): Record<string, number> =>
  Object.fromEntries(
    [...state.owed.values()]
      .filter(({ status }) => status !== 'parked')
      .map(({ key, leaseUntil, status }) => [key, status === 'claimed' ? leaseUntil! : 0]),
  )

const timersOf = (state: RunState): Record<string, number> =>
  Object.fromEntries([...state.timers.values()].flatMap(({ timerId, dueAt }) => (dueAt === undefined ? [] : [[timerId, dueAt]])))

test('row and records tell, without a chart, what the fold of the charts tells', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(fc.nat(), { maxLength: 60 }), (checks, choices) => {
      const begin = started() as Extract<RunFact, { type: 'RunStarted' }>
      const settings = {
        ...begin.data.settings,
        models: ['a/1', 'b/2'],
        checksInput: checks,
        checksOutput: checks,
        limits: { ...begin.data.settings.limits, iterationsPerTurn: 4 },
      }
      let row: RunRow | undefined
      const newest = newestRecords()
      let state: RunState | undefined
      let fact: RunFact = { type: 'RunStarted', data: { ...begin.data, settings } }
      for (const [revision, choice] of [...choices, 0].entries()) {
        const taken: Step = step(program, state, runEvent(fact, revision))
        state = taken.state
        const seen = takeInEvent(row, storedEvent(RUN, revision, newEvent(RUN, revision, { fact, to: taken.to, intents: taken.intents })))
        row = seen.row
        newest.add(seen.records)
        expectAgreement(state, row, newest.all())
        expect([row.owed, row.timers]).toEqual([owedOf(state), timersOf(state)])
        const { turn, tokens, costMicroUsd } = state.budget
        expect(row).toMatchObject({ turn, tokens, costMicroUsd, inTurn: state.budget.turnSince !== undefined })
        expect(Object.values(row.asked).filter((whom) => whom === 'approval')).toHaveLength(state.approvals.size)
        if (Object.keys(row.owed).length === 0 && !state.paused) expect(row.waitsFor).toBe(waitsFor(state) ?? null)
        if (state.status !== 'active') return
        const next = possible(state)
        fact = next[choice % next.length]!
      }
    }),
    { numRuns: 300 },
  )
})
