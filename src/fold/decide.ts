import { textContent, type ContentPart } from '../events/content.ts'
import { endedText } from '../events/ended-text.ts'
import type { Limits } from '../events/limits.ts'
import type { DataOf, RunFact, WaitsFor } from '../events/run-events.ts'
import { canonicalJson, type Json } from '../json.ts'
import { correction, isSaidAlready } from './doubts.ts'
import { accepts } from './accepts.ts'
import { stateText, waitsFor, waitsIn } from './standing.ts'
import { newScore } from './scores.ts'
import { giveBack, takeOver } from './taking-over.ts'
import type { RunState } from './run-state.ts'

/** What people and programs may ask of a run. What is said is a text or parts: one of both. */
export type Command =
  | { readonly type: 'sendMessage'; readonly text?: string; readonly parts?: readonly ContentPart[]; readonly data?: Json }
  | {
      readonly type: 'approve'
      readonly callId: string
      readonly by: string
      readonly digest?: string
      readonly seen?: number
      /** Instead of what was asked. */
      readonly input?: Json
    }
  | { readonly type: 'deny'; readonly callId: string; readonly by: string; readonly reason: string; readonly digest?: string }
  | { readonly type: 'settleToolCall'; readonly callId: string; readonly by: string; readonly outcome: SettledOutcome }
  | { readonly type: 'answer'; readonly by: string; readonly text?: string; readonly parts?: readonly ContentPart[] }
  | { readonly type: 'takeOver'; readonly by: string; readonly note?: string; readonly from?: string }
  | { readonly type: 'giveBack'; readonly by: string; readonly note?: string; readonly limits?: Partial<Limits> }
  | { readonly type: 'complete'; readonly by: string; readonly output?: Json }
  | { readonly type: 'fail'; readonly by: string; readonly reason: string }
  | { readonly type: 'pause'; readonly by: string; readonly reason?: string }
  | { readonly type: 'resume'; readonly by: string }
  | { readonly type: 'cancel'; readonly by: string; readonly reason: string }
  | { readonly type: 'reopen'; readonly by: string; readonly note?: string }
  /** To another version of its agent. */
  | { readonly type: 'move'; readonly by: string; readonly to: string; readonly note?: string }
  /** Changes nothing of how the run goes on. */
  | ({ readonly type: 'score' } & DataOf<'RunScored'>)

/** All but what asks for other charts. */
export type ChartCommand = Exclude<Command, { type: 'move' }>

export type SettledOutcome = { readonly succeeded: true; readonly output: Json } | { readonly succeeded: false; readonly message: string }

export type Decision =
  | { readonly ok: true; readonly facts: readonly RunFact[] }
  /** Granted before: the command was repeated. */
  | { readonly ok: true; readonly facts: readonly []; readonly repeated: true }
  | { readonly ok: false; readonly reason: string }

/** A command may be refused; the charts alone say whether it may become a fact. */
export const decide = (state: RunState, command: ChartCommand, at: number, commandId?: string): Decision => {
  if (commandId !== undefined && state.commandIds.has(commandId)) return { ok: true, facts: [], repeated: true }
  const fact = factOf(state, command, at)
  if (fact === NOTHING_NEW) return { ok: true, facts: [] }
  if (typeof fact === 'string') return { ok: false, reason: fact }
  if (!accepts(state, fact, at)) return { ok: false, reason: refusal(state, command) }
  return { ok: true, facts: [fact] }
}

const NOTHING_NEW = Symbol('nothing new')

const factOf = (state: RunState, command: ChartCommand, at: number): RunFact | string | typeof NOTHING_NEW => {
  switch (command.type) {
    case 'sendMessage':
      return { type: 'MessageReceived', data: { parts: saidIn(command), ...(command.data === undefined ? {} : { data: command.data }) } }
    case 'approve':
      return approval(state, command)
    case 'deny':
      return denial(state, command)
    case 'settleToolCall':
      return settlement(state, command)
    case 'answer':
      return { type: 'HumanAnswerReceived', data: { by: command.by, parts: saidIn(command) } }
    case 'takeOver':
      return takeOver(state, command)
    case 'giveBack':
      return giveBack(state, command, at)
    case 'score':
      return newScore(state, command) ?? NOTHING_NEW
    default:
      return operation(command)
  }
}

/** One of both is there. */
const saidIn = ({ text = '', parts }: { readonly text?: string; readonly parts?: readonly ContentPart[] }): ContentPart[] =>
  parts === undefined ? textContent(text) : [...parts]

const operation = (command: Extract<Command, { type: 'complete' | 'fail' | 'pause' | 'resume' | 'cancel' | 'reopen' }>): RunFact => {
  switch (command.type) {
    case 'complete':
      return { type: 'RunCompleted', data: { by: command.by, ...(command.output === undefined ? {} : { output: command.output }) } }
    case 'fail':
      return { type: 'RunFailed', data: { by: command.by, reason: command.reason } }
    case 'pause':
      return { type: 'RunPaused', data: { by: command.by, ...(command.reason === undefined ? {} : { reason: command.reason }) } }
    case 'resume':
      return { type: 'RunResumed', data: { by: command.by } }
    case 'reopen':
      return { type: 'RunReopened', data: { by: command.by, ...(command.note === undefined ? {} : { note: command.note }) } }
    case 'cancel':
      return { type: 'RunCancelled', data: { by: command.by, reason: command.reason } }
  }
}

const approval = (state: RunState, { callId, by, digest, seen, input }: Extract<Command, { type: 'approve' }>): RunFact | string => {
  const asked = state.approvals.get(callId)
  if (asked === undefined) return `${callId} asks for no approval; open: ${[...state.approvals.keys()].join(', ') || 'none'}`
  if (digest !== undefined && digest !== asked.digest) return otherDigest(callId, digest, asked.digest)
  const later = seen === undefined ? undefined : changedSince(state, seen)
  if (later !== undefined) return `${later}, after revision ${seen}, which the decision on ${callId} was made on`
  const granted = { callId, digest: asked.digest, by }
  if (input === undefined) return { type: 'ApprovalGranted', data: granted }
  if (!state.calls.has(callId)) return `${callId} is a question and no call of a tool: it has no arguments to change`
  const isChanged = canonicalJson(input) !== canonicalJson(asked.subject.input ?? null)
  return { type: 'ApprovalGranted', data: { ...granted, ...(isChanged && { input }) } }
}

/** What whoever decided cannot have known of. */
const changedSince = ({ newestMessage = -1, movedAt = -1, started }: RunState, seen: number): string | undefined => {
  if (newestMessage > seen) return `a message came in at revision ${newestMessage}`
  return movedAt > seen ? `the run moved to ${started.agent}@${started.agentVersion} at revision ${movedAt}` : undefined
}

const denial = (state: RunState, { callId, by, reason, digest }: Extract<Command, { type: 'deny' }>): RunFact | string => {
  const asked = state.approvals.get(callId)
  if (asked !== undefined && digest !== undefined && digest !== asked.digest) return otherDigest(callId, digest, asked.digest)
  return { type: 'ApprovalDenied', data: { callId, by, reason } }
}

const otherDigest = (callId: string, given: string, asked: string): string =>
  `the decision on ${callId} is for ${given}, but ${asked} is asked`

const settlement = (
  state: RunState,
  { callId, by, outcome }: Extract<Command, { type: 'settleToolCall' }>,
): RunFact | string | typeof NOTHING_NEW => {
  const owed = state.owed.get(callId)
  if (owed?.intent !== 'lookUp') return laterSettlement(state, callId, by, outcome)
  const source = state.fork === undefined ? {} : { source: 'asked' as const }
  const settled = { callId, attempt: owed.attempt, settledBy: 'human' as const, by, ...source }
  return outcome.succeeded
    ? { type: 'ToolCallSucceeded', data: { ...settled, output: outcome.output } }
    : { type: 'ToolCallFailed', data: { ...settled, class: 'error', message: outcome.message, happened: 'no' } }
}

/** Of a call that was settled by somebody before, or that its run has ended without. */
const laterSettlement = (state: RunState, callId: string, by: string, outcome: SettledOutcome): RunFact | string | typeof NOTHING_NEW => {
  const doubt = state.calls.has(callId) ? undefined : state.doubts.get(callId)
  if (doubt === undefined) return `${callId} is not unresolved`
  return isSaidAlready(doubt, outcome) ? NOTHING_NEW : correction(doubt, outcome, { settledBy: 'human', by })
}

const refusal = (state: RunState, command: ChartCommand): string => {
  if (state.status !== 'active') return `${state.runId} ${endedText(state.status)}`
  const place = `${state.runId} is at ${stateText(state.chart)}${state.paused ? ', paused' : ''}`
  const isResult = command.type === 'answer' && state.started.settings.endsWithOutput
  const next = isResult ? ', and ends with a result: complete it with one' : waitingText(state)
  return `${commandNames[command.type] ?? command.type} is not possible: ${place}${next}`
}

/** What `refold` calls those that have another name there. */
const commandNames: Partial<Record<ChartCommand['type'], string>> = {
  sendMessage: 'send',
  settleToolCall: 'settle',
  takeOver: 'take-over',
  giveBack: 'give-back',
}

const wanted: Readonly<Record<WaitsFor, string>> = {
  message: 'a message (send)',
  approval: 'an approval (approve, deny)',
  human: 'a person (answer, give-back, settle)',
  resume: 'being resumed (resume)',
}

const waitingText = (state: RunState): string => {
  const whom = waitsFor(state)
  if (whom === undefined) return ''
  const place = waitsIn(state)
  return `, and waits for ${wanted[whom]}${place === undefined ? '' : ` in ${place}`}`
}
