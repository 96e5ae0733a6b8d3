import type { RecordedRunEvent } from '../events/envelope.ts'
import type { OpenCall, RunState } from '../fold/run-state.ts'
import { checkAction } from '../guardrails/guardrail.ts'
import { canonicalJson, type Json } from '../json.ts'
import type { Tool } from '../tools/tool.ts'
import type { Agent } from './agent.ts'
import { checkedInput, inputProblem, needsApproval } from './answer-tool-call.ts'
import { contextOfRun } from './run-context.ts'
import type { MoveDifference } from './move-difference.ts'

// What the charts of another version ask for is compared by the fold, as far as no tool is needed for it. This is the rest.

type Differing = Pick<MoveDifference, 'expected' | 'found'>

/** What a call was recorded to be executed or asked with, where the chart of this code gives its tool something else. */
export const recordedCallDifference = (agent: Agent, { calls }: RunState, { type, data }: RecordedRunEvent): Differing | undefined => {
  if (type !== 'ToolCallRequested' && type !== 'ApprovalRequested') return undefined
  const recorded = type === 'ToolCallRequested' ? data.input : data.subject.input
  const call = calls.get(data.callId)
  if (call?.given === undefined || recorded === undefined) return undefined
  const asked = asItWouldBe(agent.tools.get(call.tool), call, call.given)
  const expected = canonicalJson(recorded)
  return expected === canonicalJson(call.given) || expected === canonicalJson(asked) ? undefined : { expected, found: canonicalJson(asked) }
}

/** Of a tool that is gone, and that nobody calls any more, nothing can be said. */
const asItWouldBe = (tool: Tool | undefined, { input: _, ...call }: OpenCall, given: Json): Json =>
  tool === undefined ? given : (checkedInput(tool, call) ?? given)

/** Of the calls that are open now, those that the other version could not go on with as they are. */
export const openCallDifferences = (agent: Agent, state: RunState, granted: ReadonlySet<string>): MoveDifference[] =>
  [...state.calls].flatMap(([callId, call]) => {
    // It will be checked as any other.
    if (state.owed.get(callId)?.intent === 'checkCall') return []
    const differing = openCallDifference(agent, state, call, granted.has(callId) || state.approvals.has(callId))
    return differing === undefined ? [] : [{ what: 'call' as const, expected: `${callId}, ${differing.expected}`, found: differing.found }]
  })

const openCallDifference = (agent: Agent, state: RunState, call: OpenCall, isAsked: boolean): Differing | undefined => {
  const tool = agent.tools.get(call.tool)
  if (tool === undefined)
    return { expected: `an open call of ${call.tool}`, found: `the tools ${[...agent.tools.keys()].join(', ') || '(none)'}` }
  if (call.input === undefined) return undefined
  const problem = inputProblem(tool, call) ?? objection({ agent, state, tool, input: call.input }, isAsked)
  return problem === undefined ? undefined : { expected: `a call of ${tool.name} that is checked already`, found: problem }
}

interface CheckedCall {
  readonly agent: Agent
  readonly state: RunState
  readonly tool: Tool
  readonly input: Json
}

const objection = ({ agent, state, tool, input }: CheckedCall, isAsked: boolean): string | undefined => {
  const action = { tool: tool.name, effect: tool.effect, input }
  const verdict = checkAction(agent.guardrails.action ?? [], action, contextOfRun(agent, state))
  if (verdict.verdict === 'block') return `the guardrail ${verdict.guardrail} blocks it: ${verdict.reason}`
  const isToBeAsked = verdict.verdict === 'ask' || needsApproval(agent, state, { tool, input }) !== false
  return isToBeAsked && !isAsked ? 'it needs an approval, and nobody was asked' : undefined
}
