import { attempted, messageOf } from '../../errors.ts'
import type { RunFact } from '../../events/run-events.ts'
import { doneEarlier } from '../../fold/done-calls.ts'
import { spentAt } from '../../fold/fold.ts'
import { NOBODY } from '../../fold/lifecycle.ts'
import type { OpenCall, Owed, RunState } from '../../fold/run-state.ts'
import { checkAction } from '../../guardrails/guardrail.ts'
import { deepFrozen, canonicalJson, type Json } from '../../json.ts'
import { present } from '../../present.ts'
import type { Tool } from '../../tools/tool.ts'
import type { Agent } from '../agent.ts'
import { approvalDigest } from '../../fold/approval-digest.ts'
import { checkedJson, type CheckedJson } from '../checked-json.ts'
import { sealedToolAnswer } from '../seal/sealed.ts'
import { contextForTool, contextOfRun, dataOfCall } from '../run-context.ts'
import { actKey, repeated, type ActKey, callBefore } from './call-order.ts'
import { LATER, type JobContext } from './job-context.ts'

const LEASE_SLACK_MS = 5_000

/** Unknown tools, arguments that do not fit, what a guardrail or a limit forbids, what a person has to grant; otherwise the claim. */
export const checkCall = (context: JobContext, state: RunState, callId: string): RunFact | typeof LATER => {
  const call = state.calls.get(callId)
  const tool = context.agent.tools.get(call?.tool ?? '')
  if (call === undefined || tool === undefined) return rejected(callId, 'unknownTool', unknownTool(context.agent, call))
  const used = spentAt(state.budget, context.at).toolCalls
  const allowed = state.budget.limits?.toolCallsPerTurn ?? Infinity
  if (used >= allowed) return rejected(callId, 'limit', `No more tool calls in this turn: ${used} of ${allowed} are used.`)
  const checked = readInput(tool, call)
  if (!checked.ok) {
    const message = `The arguments of ${tool.name} do not fit: ${checked.problem}`
    return { type: 'ToolCallRejected', data: { callId, reason: 'invalidArguments', message, ...present({ cause: checked.cause }) } }
  }
  return checkWithGuardrails(context, state, { callId, attempt: 1, tool, input: deepFrozen(checked.value) })
}

const checkWithGuardrails = (context: JobContext, state: RunState, claim: Claim): RunFact | typeof LATER => {
  const { callId, tool, input } = claim
  const verdict = checkAction(
    context.agent.guardrails.action ?? [],
    { tool: tool.name, effect: tool.effect, input },
    contextOfRun(context.agent, state, dataOfCall(state, callId)),
  )
  if (verdict.verdict === 'block') {
    const { guardrail, reason: message, cause } = verdict
    return { type: 'ToolCallRejected', data: { callId, reason: 'guardrail', message, guardrail, ...present({ cause }) } }
  }
  return underItsKey(state, claim, (keyed) => {
    if (verdict.verdict === 'ask') return askFor(context, state, { ...keyed, reason: verdict.reason })
    const needs = needsApproval(context.agent, state, claim)
    return needs === false ? claimInTurn(context, state, keyed) : askFor(context, state, { ...keyed, ...needs })
  })
}

/** Of a call that is an act that was done, or may have been, nothing more is asked; one whose act nobody can name does not begin. */
const underItsKey = (state: RunState, claim: Claim, go: (keyed: Claim) => RunFact | typeof LATER): RunFact | typeof LATER => {
  const { callId, tool } = claim
  if (state.calls.get(callId)?.idempotencyKey !== undefined) return go(claim)
  const named = actKey(state, claim)
  if (!named.ok) {
    const message = `${tool.name} could not tell which act this is: nothing was done.`
    return { type: 'ToolCallRejected', data: { callId, reason: 'invalidArguments', message, cause: named.problem } }
  }
  const keyed = { ...claim, ...named.value }
  return repeated(state, keyed) ?? go(keyed)
}

/** False where nobody has to be asked. Where the tool's own rule cannot tell, somebody has to. */
export const needsApproval = (
  agent: Agent,
  state: RunState,
  { callId, tool, input }: Pick<Claim, 'callId' | 'tool' | 'input'>,
): Why | false => {
  const rule = attempted(
    () => tool.approval(input, contextForTool(agent, state, { tool, callId })),
    (answer) => {
      if (typeof answer !== 'boolean') throw new Error(`expected true or false, found ${typeof answer}`)
      return answer
    },
  )
  if (!rule.ok) return { reason: `the rule of ${tool.name} could not tell whether it needs an approval`, cause: rule.problem }
  return rule.value && {}
}

/** The next attempt of a call that was checked before, or granted by a person. */
export const startCall = (context: JobContext, state: RunState, owed: Owed): RunFact | typeof LATER => {
  const done = doneEarlier(state, owed.key)
  if (done !== undefined) return done
  const call = state.calls.get(owed.key)
  const tool = context.agent.tools.get(call?.tool ?? '')
  if (call?.input === undefined || tool === undefined) return rejected(owed.key, 'unknownTool', unknownTool(context.agent, call))
  const problem = inputProblem(tool, call)
  if (problem !== undefined) return rejected(owed.key, 'invalidArguments', problem)
  return underItsKey(state, { callId: owed.key, attempt: owed.attempt, tool, input: call.input }, (keyed) =>
    claimInTurn(context, state, keyed),
  )
}

/** A call that has begun goes on, whatever others were asked for before it. */
const claimInTurn = (context: JobContext, state: RunState, claim: Claim): RunFact | typeof LATER => {
  const behind = claim.attempt > 1 ? undefined : callBefore(context.agent, state, claim, checkedInput)
  return behind === undefined ? claimFor(context, state, claim) : { type: 'ToolCallQueued', data: { callId: claim.callId, behind } }
}

/** As the tool would get it; undefined where the arguments do not fit. */
export const checkedInput = (tool: Tool, call: OpenCall): Json | undefined => {
  const checked = readInput(tool, call)
  return checked.ok ? checked.value : undefined
}

export interface Claim extends ActKey {
  readonly callId: string
  readonly attempt: number
  readonly tool: Tool
  readonly input: Json
}

export const claimFor = (
  context: JobContext,
  state: RunState,
  { callId, attempt, tool, input, act, key }: Claim,
): RunFact | typeof LATER => {
  // What is not performed takes no place.
  const isSealed = sealedToolAnswer(context, state, { callId, attempt, tool, input }) !== undefined
  const isHeld = !isSealed && isOnce(tool, state) && mayHaveHappened(state, { callId, tool, at: context.at })
  if (!isSealed && !isHeld && !context.acquireSlot({ key: callId, attempt, tool: tool.name })) return LATER
  return {
    type: 'ToolCallRequested',
    data: {
      callId,
      attempt,
      tool: tool.name,
      effect: tool.effect,
      input,
      idempotencyKey: state.calls.get(callId)?.idempotencyKey ?? key ?? keyOfCall(state, callId),
      ...present({ act, lookUpFirst: isHeld || undefined }),
      owner: isHeld ? NOBODY : context.owner,
      leaseUntil: context.storeAt + tool.timeoutMs + LEASE_SLACK_MS,
    },
  }
}

/** Asked of the same service as the call, so it takes a place of its tool. */
export const claimLookUp = (context: JobContext, state: RunState, { key: callId, attempt }: Owed): RunFact | typeof LATER => {
  const tool = context.agent.tools.get(state.calls.get(callId)?.tool ?? '')
  if (state.fork !== undefined)
    return {
      type: 'RunEscalated',
      data: { callId, reason: `a fork asks nobody outside: say what ${tool?.name ?? 'the tool'} has brought` },
    }
  if (tool?.lookup === undefined)
    return { type: 'RunEscalated', data: { callId, reason: `${tool?.name ?? 'the tool'} cannot tell whether the call happened` } }
  if (!context.acquireSlot({ key: callId, attempt, tool: tool.name })) return LATER
  const leaseUntil = context.storeAt + LOOK_UP_STEPS * tool.timeoutMs + LEASE_SLACK_MS
  return { type: 'ToolCallLookupRequested', data: { callId, attempt, tool: tool.name, owner: context.owner, leaseUntil } }
}

/** The world is asked, an attempt that may be under way is waited for, and it is asked again: each takes as long as a call may. */
const LOOK_UP_STEPS = 3

/** By the code that claimed it, or that the run was begun with, or by the code of today: the strictest holds. */
export const isOnce = (tool: Tool, { started }: RunState, claimed?: Owed['effect']): boolean =>
  tool.effect === 'once' || (claimed ?? started.definition?.tools[tool.name]?.effect) === 'once'

/**
 * The same for every attempt of one call: what its first claim has recorded. A call that names no act of its own has that of its place,
 * which no other call of any run has.
 */
export const keyOfCall = ({ runId, calls }: RunState, callId: string): string => {
  const call = calls.get(callId)
  return call?.idempotencyKey ?? `${runId}/${call?.place ?? callId}`
}

interface Why {
  readonly reason?: string
  readonly cause?: string
}

const askFor = ({ agent, at }: JobContext, state: RunState, { callId, tool, input, reason, cause }: Claim & Why): RunFact => {
  const subject = { tool: tool.name, input }
  return {
    type: 'ApprovalRequested',
    data: {
      callId,
      subject,
      digest: approvalDigest(agent, callId, subject),
      expiresAt: at + state.started.settings.approvalTimeoutMs,
      ...present({ reason, cause }),
    },
  }
}

const unknownTool = (agent: Agent, call: OpenCall | undefined): string =>
  `There is no tool ${call?.tool ?? ''}. The tools are: ${[...agent.tools.keys()].join(', ') || '(none)'}.`

const rejected = (callId: string, reason: 'unknownTool' | 'invalidArguments' | 'limit', message: string): RunFact => ({
  type: 'ToolCallRejected',
  data: { callId, reason, message },
})

/**
 * What is wrong with the input that was recorded when the call was checked or granted: the code may have changed since, and no tool gets
 * what its schema has not checked. It has to be what the schema makes of the arguments today, or to pass through it unchanged.
 */
export const inputProblem = (tool: Tool, call: OpenCall): string | undefined => {
  const { input } = call
  if (input === undefined) return `the input of ${tool.name} was never checked`
  const wanted = canonicalJson(input)
  const again = readInput(tool, call)
  if (again.ok && canonicalJson(again.value) === wanted) return undefined
  const through = checkedJson(tool.input, input)
  if (through.ok && canonicalJson(through.value) === wanted) return undefined
  const what = through.ok ? 'it would be changed to another' : through.problem
  return `${tool.name} takes no longer what was checked before: its input schema was changed under the same call: ${what}`
}

/** The arguments as the tool gets them, defaults filled in. What it gets is what the log says: JSON. */
const readInput = (tool: Tool, call: OpenCall): CheckedJson => {
  if (call.argumentsText === undefined) return checkedJson(tool.input, call.given)
  try {
    return checkedJson(tool.input, JSON.parse(call.argumentsText.trim() === '' ? '{}' : call.argumentsText))
  } catch (error) {
    return { ok: false, problem: `they are no JSON object: ${messageOf(error)}` }
  }
}

// What a run does after an older copy of the log was restored. In what the copy lacks it may have gone on: each `once` call that comes next
// in it may have happened already, under the same key.

/** So long callers are expected to repeat what they have asked for in vain, as they see it. */
const REPEATED_WITHIN_MS = 24 * 3_600_000

/**
 * Whether a call of a tool that changes something may have happened in what the log has lost. A look-up costs little: it is made for all calls of such a run.
 * Where there is none a person has to look, so it is for the turn that the copy was in, and for what callers may repeat.
 */
export const mayHaveHappened = (
  { restored, calls, places }: RunState,
  { callId, tool, at }: { readonly callId: string; readonly tool: Tool; readonly at: number },
): boolean => {
  if (restored === undefined || calls.get(callId)?.lookedUp === true) return false
  return tool.lookup !== undefined || places.turn === restored.turn || at < restored.at + REPEATED_WITHIN_MS
}

/** What follows for a claim that nobody may perform. */
export const lookUpFirst = ({ key: callId, attempt }: Owed): RunFact => ({
  type: 'ToolCallUnresolved',
  data: { callId, attempt, reason: 'the log was restored from an older copy: it may have happened before' },
})

/** What people were asked for other code than that which would go on by their answer: the same question, for the same time, under another digest. */
export const askedAgain = (agent: Agent, approvals: RunState['approvals']): RunFact[] =>
  [...approvals.values()].flatMap((approval) => {
    const digest = approvalDigest(agent, approval.callId, approval.subject)
    return digest === approval.digest ? [] : [{ type: 'ApprovalRequested', data: { ...approval, digest } } satisfies RunFact]
  })
