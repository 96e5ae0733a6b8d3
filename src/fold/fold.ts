import { withEntry, withoutKey } from '../projections/entries.ts'
import { AppError } from '../errors.ts'
import { callIdAt, keyOf } from '../events/call-id.ts'
import type { RunEvent } from '../events/envelope.ts'
import { settlesCall } from '../events/run-events.ts'
import type { Json } from '../json.ts'
import { saidText, type ChartEvent } from '../machines/chart-event.ts'
import type { CallToolParams, RunIntent, StartChildRunParams } from '../machines/intents.ts'
import type { Spent } from '../machines/spent.ts'
import { wallTimeMs, withoutChildren, withoutWaiting, type Budget } from '../projections/budget.ts'
import { freedBy, intentText, workAsked } from '../projections/open-work.ts'
import { newestData, readMessages } from '../projections/message-data.ts'
import { readInbox } from '../projections/transcript.ts'
import type { ChartAction } from '../statechart/driver.ts'
import { armTimer, disarmTimer, isNewQuestion, ledgerKey, owedFor, runTimers, timerById } from './ledger.ts'
import { openCall, recordEvent, recordFirst } from './record-event.ts'
import { nameOfChild, placeOfCall } from './call-places.ts'
import { forked } from './forked.ts'
import { isReopenable, mends, reopened } from './lifecycle.ts'
import { doubtsAfter, isAfterword } from './doubts.ts'
import { scored } from './scores.ts'
import { CANCELLED_PLACE, placeText } from './standing.ts'
import type { NewState, Owed, Program, RunState, Timer } from './run-state.ts'

// The fold: the one function by which a run moves, live and on replay.
//
//   FOLD1. It reads nothing but its arguments: no clock, no chance, no I/O.
//   FOLD2. It never performs what a chart asks for; it writes it into the ledger of owed work.
//   FOLD3. It never changes the state that it was given.

/** To be counted up when the same events give another state than before: runs that began under another are told of. */
export const FOLD_VERSION = 1

/** What one event did, beside the new state. */
export interface Step {
  readonly state: RunState
  /** Where the charts stand, as recorded in `meta.to`. */
  readonly to: string
  /** What they asked for, as recorded in `meta.intents`. */
  readonly intents: readonly string[]
  /** No chart had a use for the event, and it changed nothing that the run goes on by. */
  readonly ignored: boolean
  /** Ids that the chart gave to a call while another call had them. Old logs may hold such a step; no new one is recorded. */
  readonly clashes: readonly string[]
}

/**
 * The state after `event`. `before` is undefined at the first event, which has to be `RunStarted`.
 * Throws `UnexpectedEvent` for an event that cannot follow: after the end, out of order, or one at which the chart throws.
 */
export const step = (program: Program, before: RunState | undefined, event: RunEvent): Step => {
  if (before === undefined) return begin(program, event)
  checkPlace(before, event)
  return event.type === 'RunScored' ? { ...withoutCharts(scored(before, event)), ignored: true } : led(program, before, event)
}

const led = (program: Program, before: RunState, event: RunEvent): Step => {
  const state = recordEvent(program, before, event)
  const resumed = resumedBy(before, state, event)
  if (resumed !== undefined) return resumed
  const draft: Draft = { state, intents: [], moved: [], left: [], clashes: [], event }
  if (isWithoutChart(event)) return endWithoutChart(draft)
  const seen = react(program, before, draft)
  proceed(draft)
  finish(draft)
  state.doubts = doubtsAfter(before, { calls: state.calls, left: draft.left }, event)
  return {
    state,
    to: placeText(state.chart, state.calls, draft.moved),
    intents: draft.intents,
    ignored:
      event.type !== 'ToolCallCorrected' &&
      changesNothing(before, state) &&
      !before.chart.can(seen ?? chartEvent(event, event.type, state.budget)),
    clashes: draft.clashes,
  }
}

/** The charts that the event is for move: that of a call, and the run's own. What they have seen; undefined where it is for none. */
const react = (program: Program, before: RunState, draft: Draft): ChartEvent | undefined => {
  const { event, state } = draft
  const { timer, type, callId } = addressee(before, event)
  limitQuestion(draft, before, timer)
  const isOfRun = timer === undefined ? program.run.knows(type) : timer.chart === ''
  if (callId === undefined && !isOfRun) return undefined
  const seen = chartEvent(event, type, state.budget)
  if (callId !== undefined) moveCall(program, draft, callId, seen)
  if (isOfRun) moveRun(program, draft, seen)
  return seen
}

interface Addressee {
  readonly timer: Timer | undefined
  /** What its chart waits for. */
  readonly type: string
  /** Of an open call. */
  readonly callId: string | undefined
}

/** Whose event this is, beside the run's own chart. */
const addressee = (before: RunState, event: RunEvent): Addressee => {
  const timer = event.type === 'TimerFired' ? timerById(before.timers, event.data.timerId)?.[1] : undefined
  const callId = timer?.chart ?? callIdOf(event)
  return { timer, type: timer?.event ?? event.type, callId: callId !== undefined && before.calls.has(callId) ? callId : undefined }
}

/** Where a run goes on from where its charts stood. */
const resumedBy = (before: RunState, noted: RunState, event: RunEvent): Step | undefined => {
  if (event.type === 'RunForked') return withoutCharts(forked(before, noted, event))
  return event.type === 'RunReopened' && isReopenable(before) ? withoutCharts(reopened(before, noted, event)) : undefined
}

/** Where they stand no chart has moved. */
const withoutCharts = (state: RunState): Step => ({
  state,
  to: placeText(state.chart, state.calls, []),
  intents: [],
  ignored: false,
  clashes: [],
})

const checkPlace = (before: RunState, event: RunEvent): void => {
  if (event.revision !== before.revision + 1) throw unexpected(before, event, `revision ${before.revision + 1}`)
  const mayFollow = before.status === 'active' || event.type === 'RunScored' || isAfterword(before, event) || mends(before, event)
  if (!mayFollow) throw unexpected(before, event, `nothing after the run has ${before.status}`)
}

const isWithoutChart = (event: RunEvent): boolean => event.type === 'RunCancelled' && event.data.withoutChart === true

const endWithoutChart = (draft: Draft): Step => {
  finish(draft)
  return { state: draft.state, to: CANCELLED_PLACE, intents: [], ignored: false, clashes: [] }
}

type Intent = Extract<ChartAction, { kind: 'intent' }>

interface Draft {
  readonly state: NewState
  readonly intents: string[]
  /** Call ids whose charts reacted. */
  readonly moved: string[]
  /** Call ids that were dropped before their last word. */
  readonly left: string[]
  readonly clashes: string[]
  readonly event: RunEvent
}

const begin = (program: Program, event: RunEvent): Step => {
  if (event.type !== 'RunStarted' || event.revision !== 0) {
    throw new AppError('UnexpectedEvent', `Expected RunStarted at revision 0 of ${event.runId}, found ${event.type} at ${event.revision}`)
  }
  const { snapshot, actions } = program.run.init({ settings: event.data.settings, input: event.data.input })
  const draft: Draft = { state: recordFirst(program, event, event.data, snapshot), intents: [], moved: [], left: [], clashes: [], event }
  recordActions(program, draft, '', actions)
  finish(draft)
  const { state, intents, clashes } = draft
  return { state, to: placeText(snapshot, state.calls, []), intents, ignored: false, clashes }
}

export const spentAt = (budget: Budget, at: number): Spent => ({
  iterations: budget.iterations,
  toolCalls: budget.toolCalls,
  tokens: budget.tokens,
  costMicroUsd: budget.costMicroUsd,
  wallTimeMs: wallTimeMs(budget, at),
  repeatedCalls: budget.repeatedCalls,
  cycles: budget.cycles,
})

const callIdOf = (event: RunEvent): string | undefined => ('callId' in event.data ? event.data.callId : undefined)

/** `type`: what the chart waits for, of a timer. */
const chartEvent = (event: RunEvent, type: string, budget: Budget): ChartEvent => {
  const callId = callIdOf(event)
  return {
    ...event.data,
    type,
    at: event.meta.at,
    revision: event.revision,
    spent: spentAt(budget, event.meta.at),
    ...(callId === undefined ? {} : { key: keyOf(callId) }),
    ...saidText(event),
  } as unknown as ChartEvent
}

const moveCall = (program: Program, draft: Draft, callId: string, event: ChartEvent): void => {
  const { state } = draft
  const call = state.calls.get(callId)
  if (call === undefined) return
  const { snapshot, actions } = program.toolCall.step(call.snapshot, event)
  if (snapshot === call.snapshot && actions.length === 0) return
  draft.moved.push(callId)
  const isOver = snapshot.status !== 'active'
  state.calls = isOver ? withoutKey(state.calls, callId) : withEntry(state.calls, callId, { ...call, snapshot })
  recordActions(program, draft, callId, actions)
}

const moveRun = (program: Program, draft: Draft, event: ChartEvent): void => {
  const { state } = draft
  if (state.chart.status !== 'active') return
  const { snapshot, actions } = program.run.step(state.chart, event)
  state.chart = snapshot
  recordActions(program, draft, '', actions)
}

const recordActions = (program: Program, draft: Draft, chart: string, actions: readonly ChartAction[]): void => {
  for (const action of actions) {
    const { state } = draft
    if (action.kind === 'arm') state.timers = armTimer(state.timers, chart, action, draft.event)
    else if (action.kind === 'disarm') disarm(draft, chart, action.id)
    else recordIntent(program, draft, action)
  }
}

/** A timer that is recorded and taken back leaves a trace, so that views need no chart to know what is due. */
const disarm = (draft: Draft, chart: string, id: string): void => {
  const { timers, taken } = disarmTimer(draft.state.timers, chart, id)
  if (taken?.dueAt !== undefined) draft.intents.push(intentText({ intent: 'disarm', key: taken.timerId }))
  draft.state.timers = timers
}

const recordIntent = (program: Program, draft: Draft, action: Intent): void => {
  switch (action.type) {
    case 'callTool':
      return propose(program, draft, action.params as CallToolParams)
    case 'callTools':
      for (const call of action.params.calls as CallToolParams[]) propose(program, draft, call)
      return
    case 'abandon':
      abandon(draft)
      return
    default:
      if (beginsCall.has(action.type)) recordClash(draft, ledgerKey(action, draft.event, draft.intents.length))
      owe(draft, action)
  }
}

/** What the run's own chart begins under an id that it may choose. */
const beginsCall: ReadonlySet<string> = new Set<RunIntent>(['callModel', 'askApproval', 'startChildRun'])

const recordClash = ({ state, clashes }: Draft, callId: string): void => {
  if (state.calls.has(callId) || state.owed.has(callId)) clashes.push(callId)
}

/** A question of the run's own chart has its time limit in the ledger, as that of a tool call has it in its own chart. */
const limitQuestion = (draft: Draft, before: RunState, timer: Timer | undefined): void => {
  const { event, state } = draft
  if (event.type === 'ApprovalRequested' && isNewQuestion(before.owed.get(event.data.callId))) {
    const expiry = {
      kind: 'arm' as const,
      id: QUESTION_EXPIRES,
      event: QUESTION_EXPIRES,
      delayMs: Math.max(0, event.data.expiresAt - event.meta.at),
    }
    state.timers = armTimer(state.timers, event.data.callId, expiry, event)
  } else if (event.type === 'ApprovalGranted' || event.type === 'ApprovalDenied') {
    disarm(draft, event.data.callId, QUESTION_EXPIRES)
  } else if (timer?.event === QUESTION_EXPIRES) {
    owe(draft, { kind: 'intent', type: 'denyApproval', params: { callId: timer.chart } })
  }
}

const QUESTION_EXPIRES = 'expires'

const leaveAll = ({ left, state }: Draft): void => {
  for (const callId of state.calls.keys()) left.push(callId)
}

const abandon = (draft: Draft): void => {
  const asked = { intent: 'abandon', key: 'abandon' }
  draft.intents.push(intentText(asked))
  leaveAll(draft)
  for (const { chart, timerId, dueAt } of draft.state.timers.values()) {
    if (chart !== '' && dueAt !== undefined) draft.intents.push(intentText({ intent: 'disarm', key: timerId }))
  }
  const { state, event } = draft
  state.owed = workAsked(state.owed, asked, undefined)
  state.calls = new Map()
  state.approvals = new Map()
  state.timers = runTimers(state.timers)
  state.budget = withoutChildren(withoutWaiting(state.budget, event.meta.at))
}

const owe = (draft: Draft, action: Intent): void => {
  const { state, event, intents } = draft
  const key = ledgerKey(action, event, intents.length)
  const owed = owedFor(state.owed, key, action, event)
  if (action.type === 'startChildRun') {
    const { name, places } = nameOfChild(state.places, action.params as StartChildRunParams)
    state.places = places
    return ask(draft, action.type, { ...owed, childName: name })
  }
  const readsInbox = action.type === 'callModel' && action.params.prompt === undefined
  if (readsInbox) {
    state.transcript = readInbox(state.transcript)
    state.messageData = readMessages(state.messageData)
  }
  ask(draft, action.type, owed)
}

/** What is recorded with the event, so that whoever has no chart can fold the same. */
const ask = (draft: Draft, intent: string, owed: Owed): void => {
  const asked = { intent, key: owed.key }
  draft.intents.push(intentText(asked))
  draft.state.owed = workAsked(draft.state.owed, asked, owed)
}

/** Every tool call is a small chart of its own, from the request to its last word. */
const propose = (program: Program, draft: Draft, call: CallToolParams): void => {
  const callId = call.callId ?? callIdAt(draft.event.revision, call.key ?? draft.intents.length)
  recordClash(draft, callId)
  // Its idempotency key would be that of an earlier call.
  if (!callId.startsWith(`${draft.event.revision}.`)) draft.clashes.push(callId)
  const { snapshot, actions } = program.toolCall.init({ callId })
  const { place, places } = placeOfCall(draft.state.places, draft.event, { tool: call.tool, key: call.key })
  const { messageData } = draft.state
  // What a model asks for, it asks for by what it has read.
  const data = draft.event.type === 'ModelCallSucceeded' ? messageData.read : newestData(messageData)
  const opened = { ...openCall(call), ...(data !== null && { data }), snapshot, place }
  draft.state.places = places
  draft.state.calls = withEntry(draft.state.calls, callId, opened)
  recordActions(program, draft, callId, actions)
}

/** The next call in the queue is looked at again, and says so, so that views need no chart to know that it is owed. */
const proceed = (draft: Draft): void => {
  const callId = callIdOf(draft.event)
  if (callId === undefined || !settlesCall(draft.event)) return
  for (const [, owed] of freedBy(draft.state.owed, callId)) ask(draft, 'proceed', owed)
}

/** A run that is over owes nothing; a chart that is over owes its run the last word. */
const finish = (draft: Draft): void => {
  const { state } = draft
  if (state.status !== 'active') {
    leaveAll(draft)
    state.owed = new Map()
    state.calls = new Map()
    state.timers = new Map()
    state.approvals = new Map()
    return
  }
  if (state.chart.status === 'active' || state.owed.has('endRun')) return
  const output = (state.output ?? (state.chart.output as Json | undefined)) as Json
  leaveAll(draft)
  state.calls = new Map()
  state.timers = new Map()
  owe(draft, { kind: 'intent', type: 'endRun', params: { failed: state.chart.hasTag('failed'), output } })
}

const unexpected = (before: RunState, event: RunEvent, expected: string): AppError =>
  new AppError('UnexpectedEvent', `${before.runId} expected ${expected}, found ${event.type} at revision ${event.revision}`, {
    details: { runId: before.runId, revision: event.revision, type: event.type },
  })

/** Whether an event has changed nothing that a run goes on by. */
const changesNothing = (before: RunState, after: RunState): boolean =>
  before.chart === after.chart &&
  before.calls === after.calls &&
  before.owed === after.owed &&
  before.approvals === after.approvals &&
  before.timers === after.timers &&
  before.paused === after.paused &&
  before.takenOver === after.takenOver &&
  before.started === after.started &&
  before.restored === after.restored &&
  before.budget.children === after.budget.children &&
  before.status === after.status
