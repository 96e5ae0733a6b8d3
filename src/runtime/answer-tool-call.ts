import { z } from 'zod'
import { messageOf } from '../errors.ts'
import type { RunFact } from '../events/run-events.ts'
import { spentAt } from '../fold/fold.ts'
import type { OpenCall, Owed, RunState } from '../fold/run-state.ts'
import { checkAction } from '../guardrails/guardrail.ts'
import { sha256 } from '../hash.ts'
import { canonicalJson, jsonText, type Json } from '../json.ts'
import { present } from '../present.ts'
import type { Tool } from '../tools/tool.ts'
import type { Agent } from './agent.ts'
import { LATER, type Desk } from './desk.ts'

const LEASE_SLACK_MS = 5_000

/** A grant holds for this call with exactly these arguments, on this version of the agent. */
export const approvalDigest = (agent: Agent, callId: string, subject: unknown): string =>
  sha256(canonicalJson({ agent: agent.id, chart: agent.program.chartHash, callId, subject }))

/** Unknown tools, arguments that do not fit, what a guardrail or a limit forbids, what a person has to grant; otherwise the claim. */
export const checkCall = (desk: Desk, state: RunState, callId: string): RunFact | typeof LATER => {
  const call = state.calls.get(callId)
  const tool = desk.agent.tools.get(call?.tool ?? '')
  if (call === undefined || tool === undefined) return rejected(callId, 'unknownTool', unknownTool(desk.agent, call))
  const used = spentAt(state.budget, desk.at).toolCalls
  const allowed = state.budget.limits?.toolCallsPerTurn ?? Infinity
  if (used >= allowed) return rejected(callId, 'limit', `No more tool calls in this turn: ${used} of ${allowed} are used.`)
  const checked = readInput(tool, call)
  if (!checked.ok) return rejected(callId, 'invalidArguments', checked.problem)
  return checkWithGuardrails(desk, state, { callId, attempt: 1, tool, input: checked.input }, tool.approval(checked.parsed))
}

const checkWithGuardrails = (desk: Desk, state: RunState, claim: Claim, asks: boolean): RunFact | typeof LATER => {
  const { callId, tool, input } = claim
  const verdict = checkAction(desk.agent.guardrails.action ?? [], { tool: tool.name, effect: tool.effect, input })
  if (verdict.verdict === 'block') {
    return { type: 'ToolCallRejected', data: { callId, reason: 'guardrail', message: verdict.reason, guardrail: verdict.guardrail } }
  }
  if (verdict.verdict === 'ask') return askFor(desk, state, { ...claim, reason: verdict.reason })
  return asks ? askFor(desk, state, claim) : claimFor(desk, state, claim)
}

/** The next attempt of a call that was checked before, or granted by a person. */
export const startCall = (desk: Desk, state: RunState, owed: Owed): RunFact | typeof LATER => {
  const call = state.calls.get(owed.key)
  const tool = desk.agent.tools.get(call?.tool ?? '')
  if (call?.input === undefined || tool === undefined) return rejected(owed.key, 'unknownTool', unknownTool(desk.agent, call))
  return claimFor(desk, state, { callId: owed.key, attempt: owed.attempt, tool, input: call.input })
}

export interface Claim {
  readonly callId: string
  readonly attempt: number
  readonly tool: Tool
  readonly input: Json
}

export const claimFor = (desk: Desk, state: RunState, { callId, attempt, tool, input }: Claim): RunFact | typeof LATER => {
  if (!desk.takeSlot('tool', tool.name)) return LATER
  return {
    type: 'ToolCallRequested',
    data: {
      callId,
      attempt,
      tool: tool.name,
      input,
      idempotencyKey: idempotencyKey(state.runId, callId),
      owner: desk.owner,
      leaseUntil: desk.at + tool.timeoutMs + LEASE_SLACK_MS,
    },
  }
}

/** The same for every attempt of one call, and for no other call of any run. */
export const idempotencyKey = (runId: string, callId: string): string => `${runId}/${callId}`

const askFor = ({ agent, at }: Desk, state: RunState, { callId, tool, input, reason }: Claim & { readonly reason?: string }): RunFact => {
  const subject = { tool: tool.name, input }
  return {
    type: 'ApprovalRequested',
    data: {
      callId,
      subject,
      digest: approvalDigest(agent, callId, subject),
      expiresAt: at + state.started.settings.approvalTimeoutMs,
      ...present({ reason }),
    },
  }
}

const unknownTool = (agent: Agent, call: OpenCall | undefined): string =>
  `There is no tool ${call?.tool ?? ''}. The tools are: ${[...agent.tools.keys()].join(', ') || '(none)'}.`

const rejected = (callId: string, reason: 'unknownTool' | 'invalidArguments' | 'limit', message: string): RunFact => ({
  type: 'ToolCallRejected',
  data: { callId, reason, message },
})

type ReadInput = { readonly ok: true; readonly parsed: unknown; readonly input: Json } | { readonly ok: false; readonly problem: string }

/** The arguments as the tool gets them, defaults filled in. What it gets is what the log says: JSON. */
const readInput = (tool: Tool, call: OpenCall): ReadInput => {
  try {
    const given: unknown = call.argumentsText === undefined ? call.input : JSON.parse(call.argumentsText === '' ? '{}' : call.argumentsText)
    const checked = tool.input.safeParse(given)
    if (!checked.success) return { ok: false, problem: `The arguments of ${tool.name} do not fit: ${z.prettifyError(checked.error)}` }
    return { ok: true, parsed: checked.data, input: JSON.parse(jsonText(checked.data)) as Json }
  } catch (error) {
    return { ok: false, problem: `The arguments of ${tool.name} are no JSON object: ${messageOf(error)}` }
  }
}
