import type { z } from 'zod'
import { attempted, messageOf } from '../../errors.ts'
import type { RunFact } from '../../events/run-events.ts'
import { TAKEN_OVER } from '../../events/taken-over.ts'
import { spentAt } from '../../fold/fold.ts'
import { asideOf, fingerprint } from '../../fold/prompt.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import { checkText } from '../../guardrails/guardrail.ts'
import type { Json } from '../../json.ts'
import type { CallModelParams } from '../../machines/intents.ts'
import { beforeRetry, reachedLimit, type ReachedLimit } from '../../machines/spent.ts'
import { present } from '../../present.ts'
import { newestData } from '../../projections/message-data.ts'
import { newestAnswer, newestMessage } from '../../projections/transcript.ts'
import { checkedJson, type CheckedJson, jsonOfAnswer } from '../checked-json.ts'
import { contextOfRun } from '../run-context.ts'
import { promptHashOf } from '../seal/forked-prompt.ts'
import { approvalDigest } from '../../fold/approval-digest.ts'
import { checkCall, claimLookUp, startCall } from './answer-tool-call.ts'
import { LATER, type JobContext } from './job-context.ts'
import { mayCallModel, noModelReason, sealedModelAnswer } from '../seal/sealed.ts'
import { settingsOfCall } from './settings-of-call.ts'
import { startChildRun } from './start-child-run.ts'

const LEASE_SLACK_MS = 15_000

/** The fact by which one piece of owed work goes on. Everything slow happens later, once this fact is stored. */
export const answerOwed = (context: JobContext, state: RunState, owed: Owed): RunFact | typeof LATER => {
  switch (owed.intent) {
    case 'callModel':
      return state.paused ? LATER : callModel(context, state, owed)
    case 'checkCall':
      return state.paused ? LATER : checkCall(context, state, owed.key)
    case 'startCall':
      return state.paused ? LATER : startCall(context, state, owed)
    case 'lookUp':
      return claimLookUp(context, state, owed)
    case 'deny':
      return { type: 'ToolCallDenied', data: { callId: owed.key, by: String(owed.params.by), reason: String(owed.params.reason) } }
    case 'denyApproval':
      return { type: 'ApprovalDenied', data: { callId: owed.key, by: 'refold', reason: 'nobody answered in time' } }
    case 'askApproval':
      return askApproval(context, state, owed)
    case 'startChildRun':
      return state.paused ? LATER : startChildRun(context, state, owed)
    default:
      return answerTurn(context, state, owed)
  }
}

const answerTurn = (context: JobContext, state: RunState, owed: Owed): RunFact | typeof LATER => {
  const { params } = owed
  switch (owed.intent) {
    case 'checkInput':
      return checkInput(context, state)
    case 'checkOutput':
      return checkOutput(context, state)
    case 'reportLimit':
      return { type: 'LimitExceeded', data: { ...(params as unknown as ReachedLimit) } }
    case 'endTurn':
      return { type: 'TurnCompleted', data: { turn: Math.max(1, state.budget.turn), outcome: turnOutcome(params.outcome) } }
    case 'escalate':
      return {
        type: 'RunEscalated',
        data: { reason: params.reason === undefined ? 'the chart gave no reason' : escalationReason(params.reason) },
      }
    case 'endRun':
      return endRun(params)
    default:
      throw new Error(`no answer is defined for the intent ${owed.intent}`)
  }
}

/** The chart says it as it says every failure of a model call; that a person has the run is none. */
const escalationReason = (reason: unknown): string => messageOf(reason).replace(`model: ${TAKEN_OVER}: `, '')

type TurnOutcome = Extract<RunFact, { type: 'TurnCompleted' }>['data']['outcome']

const turnOutcome = (outcome: unknown): TurnOutcome =>
  outcome === 'rejected' || outcome === 'wrappedUp' || outcome === 'answeredByHuman' ? outcome : 'answered'

const endRun = ({ failed, output }: Readonly<Record<string, unknown>>): RunFact => {
  if (failed === true)
    return {
      type: 'RunFailed',
      data: { reason: output === undefined || output === null ? 'the chart ended in a failed state' : messageOf(output) },
    }
  return { type: 'RunCompleted', data: output === undefined ? {} : { output: output as Json } }
}

const callModel = (context: JobContext, state: RunState, owed: Owed): RunFact | typeof LATER => {
  const { at } = context
  const params = owed.params as CallModelParams
  const limits = state.budget.limits
  // The standard chart asks before it gets here; a chart of a user's own may forget to.
  const spent = spentAt(state.budget, at)
  const reached =
    params.purpose === 'wrapUp' || limits === undefined ? undefined : reachedLimit(owed.attempt > 1 ? beforeRetry(spent) : spent, limits)
  const model = state.started.settings.models[params.model ?? 0]
  const failed = { callId: owed.key, attempt: owed.attempt, next: 'escalate' as const, durationMs: 0 }
  if (reached !== undefined) {
    return {
      type: 'ModelCallFailed',
      data: { ...failed, class: 'limit', message: `${reached.limit}: ${reached.used} of ${reached.allowed}` },
    }
  }
  if (model === undefined)
    return { type: 'ModelCallFailed', data: { ...failed, class: 'badRequest', message: `no model ${params.model ?? 0}` } }
  return claimModelCall(context, state, owed, owed.attempt)
}

export const claimModelCall = (context: JobContext, state: RunState, owed: Owed, attempt: number): RunFact | typeof LATER => {
  const { agent, storeAt, owner, acquireSlot } = context
  const params = owed.params as CallModelParams
  const model = state.started.settings.models[params.model ?? 0] ?? ''
  const settings = attempted(
    () => undefined,
    () => settingsOfCall(agent, state, owed, model),
  )
  const call = { callId: owed.key, attempt }
  const refused = { ...call, next: 'escalate' as const, durationMs: 0 }
  if (!settings.ok) return { type: 'ModelCallFailed', data: { ...refused, class: 'badRequest', message: settings.problem } }
  const aside = asideOf(params)
  const promptHash = promptHashOf(agent, state)
  const asked = fingerprint({ promptHash, model, asked: aside ?? state.transcript, settings: settings.value })
  if (sealedModelAnswer(context, state, { ...call, fingerprint: asked }) === undefined) {
    if (!mayCallModel(state, owed.key))
      return { type: 'ModelCallFailed', data: { ...refused, class: 'limit', message: noModelReason(state) } }
    if (!acquireSlot({ key: owed.key, attempt })) return LATER
  }
  return {
    type: 'ModelCallRequested',
    data: {
      ...call,
      model,
      purpose: aside === undefined ? (params.purpose ?? 'answer') : 'aside',
      promptHash,
      fingerprint: asked,
      ...present({ settings: settings.value }),
      owner,
      leaseUntil: storeAt + agent.modelTimeoutMs + LEASE_SLACK_MS,
    },
  }
}

/** A chart may say any number; a time is a whole one. */
const wholeMs = (time: number): number => (Number.isNaN(time) ? 0 : Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(time)))

const askApproval = ({ agent, at }: JobContext, state: RunState, owed: Owed): RunFact => {
  const subject = { question: owed.params.question === undefined ? '' : messageOf(owed.params.question) }
  const timeoutMs = typeof owed.params.timeoutMs === 'number' ? owed.params.timeoutMs : state.started.settings.approvalTimeoutMs
  return {
    type: 'ApprovalRequested',
    data: { callId: owed.key, subject, digest: approvalDigest(agent, owed.key, subject), expiresAt: wholeMs(at + timeoutMs) },
  }
}

const checkInput = ({ agent }: JobContext, state: RunState): RunFact => {
  const verdict = checkText(
    agent.guardrails.input ?? [],
    newestMessage(state.transcript),
    contextOfRun(agent, state, newestData(state.messageData)),
  )
  if (verdict.verdict === 'allow') return { type: 'InputAccepted', data: verdict.redacted ? { parts: [...verdict.parts] } : {} }
  const { guardrail, reason, evidence, cause } = verdict
  return { type: 'InputRejected', data: { guardrail, reason, ...present({ evidence, cause }) } }
}

const checkOutput = ({ agent }: JobContext, state: RunState): RunFact => {
  const verdict = checkText(
    agent.guardrails.output ?? [],
    newestAnswer(state.transcript),
    contextOfRun(agent, state, state.messageData.read),
  )
  if (verdict.verdict === 'block') {
    const { guardrail, reason, cause } = verdict
    return { type: 'OutputRejected', data: { reason, guardrail, ...present({ cause }) } }
  }
  const redacted = verdict.redacted ? { parts: [...verdict.parts] } : {}
  if (agent.output === undefined) {
    const output = state.started.settings.endsWithOutput ? { output: verdict.text } : {}
    return { type: 'OutputAccepted', data: { ...redacted, ...output } }
  }
  const checked = outputOf(agent.output, verdict.text)
  if (checked.ok) return { type: 'OutputAccepted', data: { ...redacted, output: checked.value } }
  return { type: 'OutputRejected', data: { reason: checked.problem, ...present({ cause: checked.cause }) } }
}

const outputOf = (schema: z.ZodType, text: string): CheckedJson => {
  try {
    return checkedJson(schema, jsonOfAnswer(text))
  } catch (error) {
    return { ok: false, problem: `it is no JSON: ${messageOf(error)}` }
  }
}
