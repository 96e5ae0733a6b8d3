import { textContent } from '../../../src/events/content.ts'
import { fc } from '../../support/fast-check.ts'
import { encodeData, encodeMeta, streamOf } from '../../../src/events/codec.ts'
import type { DataOf, RunFact } from '../../../src/events/run-events.ts'
import type { NewEvent } from '../../../src/eventlog/event-log.ts'
import { sha256 } from '../../../src/hash.ts'
import type { StoredRunEvent } from '../../../src/projections/run-index.ts'

/** A fact with what the charts made of it. */
export interface Recorded {
  readonly fact: RunFact
  readonly to: string
  readonly intents?: readonly string[]
}

export const START = 1_700_000_000_000

export const recorded = (fact: RunFact, to: string, ...intents: string[]): Recorded => ({
  fact,
  to,
  ...(intents.length === 0 ? {} : { intents }),
})

const uuidOf = (text: string): string => {
  const digits = sha256(text)
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20, 32)].join('-')
}

/** The event as the runtime appends it; its time is START plus a second per revision. */
export const newEvent = (runId: string, revision: number, { fact, to, intents }: Recorded): NewEvent => {
  const { data, blobFields } = encodeData(fact)
  const { meta } = encodeMeta('', fact.type, data, {
    version: 1,
    at: START + revision * 1000,
    agent: 'order-desk@1',
    chartHash: 'chart',
    correlationId: runId,
    to,
    ...(intents === undefined ? {} : { intents: [...intents] }),
    ...(blobFields.length === 0 ? {} : { blobs: [...blobFields] }),
  })
  return { id: uuidOf(`${runId}@${revision}`), type: fact.type, data, meta }
}

export const history = (runId: string, steps: readonly Recorded[]): NewEvent[] =>
  steps.map((step, revision) => newEvent(runId, revision, step))

/** As a log gives them back: positions 10, 20, 30 … */
export const storedHistory = (runId: string, steps: readonly Recorded[]): StoredRunEvent[] =>
  history(runId, steps).map((event, revision) => storedEvent(runId, revision, event))

export const storedEvent = (runId: string, revision: number, event: NewEvent): StoredRunEvent => ({
  ...event,
  stream: streamOf(runId),
  revision,
  position: (revision + 1) * 10,
  storedAt: START + revision * 1000 + 5,
})

export const started = (parent?: DataOf<'RunStarted'>['parent']): RunFact => ({
  type: 'RunStarted',
  data: {
    agent: 'order-desk',
    agentVersion: '1',
    chartHash: 'chart',
    settings: {
      models: ['scripted/one'],
      limits: {
        iterationsPerTurn: 12,
        toolCallsPerTurn: null,
        tokens: null,
        costMicroUsd: null,
        wallTimeMs: null,
        repeatedCalls: null,
        cycles: null,
      },
      checksInput: false,
      checksOutput: false,
      endsWithOutput: false,
      clarifications: 2,
      approvalTimeoutMs: 60_000,
      handsOver: [],
    },
    ...(parent === undefined ? {} : { parent }),
  },
})

export const message = (text: string): RunFact => ({ type: 'MessageReceived', data: { parts: textContent(text) } })

export const modelRequested = (callId: string, leaseUntil: number, attempt = 1): RunFact => ({
  type: 'ModelCallRequested',
  data: { callId, attempt, model: 'scripted/one', purpose: 'answer', promptHash: 'p', fingerprint: 'f', owner: 'w1', leaseUntil },
})

export const modelSucceeded = (callId: string, costMicroUsd = 7): RunFact => ({
  type: 'ModelCallSucceeded',
  data: {
    callId,
    attempt: 1,
    model: 'one',
    parts: [{ type: 'text', text: 'Done.' }],
    stop: 'end',
    usage: { inputTokens: 100, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 20, reasoningTokens: 0 },
    costMicroUsd,
    durationMs: 5,
  },
})

export const modelFailed = (callId: string, retryAt: number): RunFact => ({
  type: 'ModelCallFailed',
  data: { callId, attempt: 1, class: 'overloaded', message: 'try later', next: 'retry', retryAt, durationMs: 5 },
})

export const toolRequested = (callId: string, leaseUntil: number, attempt = 1): RunFact => ({
  type: 'ToolCallRequested',
  data: { callId, attempt, tool: 'refund', input: { order: 'A1' }, idempotencyKey: callId, owner: 'w1', leaseUntil },
})

export const toolSucceeded = (callId: string): RunFact => ({ type: 'ToolCallSucceeded', data: { callId, attempt: 1, output: 'ok' } })

export const toolUnresolved = (callId: string): RunFact => ({
  type: 'ToolCallUnresolved',
  data: { callId, attempt: 1, reason: 'its owner died' },
})

export const approvalRequested = (callId: string, expiresAt: number): RunFact => ({
  type: 'ApprovalRequested',
  data: { callId, subject: { tool: 'refund', input: {} }, digest: 'd', expiresAt },
})

export const approvalGranted = (callId: string): RunFact => ({ type: 'ApprovalGranted', data: { callId, digest: 'd', by: 'ann' } })

export const escalated = (reason: string, callId?: string): RunFact => ({
  type: 'RunEscalated',
  data: { reason, ...(callId === undefined ? {} : { callId }) },
})

export const timerScheduled = (timerId: string, dueAt: number): RunFact => ({ type: 'TimerScheduled', data: { timerId, dueAt } })

export const timerFired = (timerId: string): RunFact => ({ type: 'TimerFired', data: { timerId } })

export const turnCompleted = (turn: number): RunFact => ({ type: 'TurnCompleted', data: { turn, outcome: 'answered' } })

export const completed: RunFact = { type: 'RunCompleted', data: {} }

/** One turn of a run with a tool that needs an approval: 12 events. */
export const oneTurn: readonly Recorded[] = [
  recorded(started(), 'awaitingMessage'),
  recorded(message('Where is my order?'), 'thinking.callingModel', 'callModel:1.model'),
  recorded(modelRequested('1.model', START + 60_000), 'thinking.callingModel'),
  recorded(modelSucceeded('1.model'), 'acting; 3.0=checking', 'checkCall:3.0'),
  recorded(approvalRequested('3.0', START + 90_000), 'acting; 3.0=awaitingApproval'),
  recorded(timerScheduled('4.3.0/xstate.after.untilApprovalExpires.tool-call.awaitingApproval', START + 90_000), 'acting'),
  recorded(approvalGranted('3.0'), 'acting; 3.0=ready', 'startCall:3.0'),
  recorded(toolRequested('3.0', START + 70_000), 'acting; 3.0=running'),
  recorded(toolSucceeded('3.0'), 'thinking.callingModel; 3.0=over', 'callModel:8.model'),
  recorded(modelRequested('8.model', START + 80_000), 'thinking.callingModel'),
  recorded(modelSucceeded('8.model'), 'finishingTurn', 'endTurn:endTurn'),
  recorded(turnCompleted(1), 'awaitingMessage'),
]

const anyCallId = fc.constantFrom('1.model', '3.0', '3.1')
const anyTimer = fc.constantFrom('2.xstate.after.a.chart.b', '4.3.0/xstate.after.x', '9.3.0/xstate.after.x')
const anyTime = fc.integer({ min: START, max: START + 100_000 })

const anyFact: fc.Arbitrary<RunFact> = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }).map(message),
  fc.tuple(anyCallId, anyTime).map(([callId, at]) => modelRequested(callId, at)),
  anyCallId.map((callId) => modelSucceeded(callId)),
  fc.tuple(anyCallId, anyTime).map(([callId, at]) => modelFailed(callId, at)),
  fc.tuple(anyCallId, anyTime).map(([callId, at]) => toolRequested(callId, at)),
  anyCallId.map(toolSucceeded),
  anyCallId.map(toolUnresolved),
  fc.tuple(anyCallId, anyTime).map(([callId, at]) => approvalRequested(callId, at)),
  anyCallId.map(approvalGranted),
  fc.option(anyCallId, { nil: undefined }).map((callId) => escalated('stuck', callId)),
  fc.tuple(anyTimer, anyTime).map(([timerId, at]) => timerScheduled(timerId, at)),
  anyTimer.map(timerFired),
  fc.integer({ min: 1, max: 3 }).map(turnCompleted),
  fc.constant<RunFact>({ type: 'RunPaused', data: { by: 'ann' } }),
  fc.constant(completed),
)

const anyIntent = fc.oneof(
  anyCallId.map((callId) => `callModel:${callId}`),
  fc.constantFrom('checkInput:checkInput', 'endTurn:endTurn', 'endRun:endRun'),
)

const anyStep: fc.Arbitrary<Recorded> = fc
  .tuple(anyFact, fc.constantFrom('acting', 'thinking.callingModel; 3.0=over', 'escalated'), fc.array(anyIntent, { maxLength: 2 }))
  .map(([fact, to, intents]) => recorded(fact, to, ...intents))

/** Any order of facts, also one that no chart would allow. */
export const anySteps: fc.Arbitrary<readonly Recorded[]> = fc
  .array(anyStep, { maxLength: 25 })
  .map((steps) => [recorded(started(), 'awaitingMessage'), ...steps])
