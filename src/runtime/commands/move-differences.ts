import { isAppError } from '../../errors.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import { describeBroken } from '../../fold/fold-projections.ts'
import { isReopenable } from '../../fold/lifecycle.ts'
import type { Difference } from '../../fold/replay.ts'
import type { OpenCall, RunState } from '../../fold/run-state.ts'
import { checkAction } from '../../guardrails/guardrail.ts'
import { canonicalJson, type Json } from '../../json.ts'
import type { Tool } from '../../tools/tool.ts'
import type { Agent } from '../agent.ts'
import { checkedInput, inputProblem, needsApproval } from '../answers/answer-tool-call.ts'
import { contextOfRun, dataOfCall } from '../run-context.ts'
import { asTask, initialDataOf } from './start-run.ts'

/** One thing that keeps a run from another version of its agent. */
export interface MoveDifference {
  readonly what: Difference['what'] | 'beginning' | 'input' | 'settings' | 'call' | 'projection' | 'status'
  /** At which event; absent where it is of the run as it stands. */
  readonly revision?: number | undefined
  readonly type?: string | undefined
  readonly expected: string
  readonly found: string
}

/** One line each. */
export const describeMoveDifference = ({ what, revision, type, expected, found }: MoveDifference): string =>
  `${revision === undefined ? what : `${what} at revision ${revision} (${type ?? ''})`}: expected ${expected}, found ${found}`

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
const openCallDifferences = (agent: Agent, state: RunState, granted: ReadonlySet<string>): MoveDifference[] =>
  [...state.calls.keys()].flatMap((callId) => {
    // It will be checked as any other.
    if (state.owed.get(callId)?.intent === 'checkCall') return []
    const differing = openCallDifference(agent, state, callId, granted.has(callId) || state.approvals.has(callId))
    return differing === undefined ? [] : [{ what: 'call' as const, expected: `${callId}, ${differing.expected}`, found: differing.found }]
  })

const openCallDifference = (agent: Agent, state: RunState, callId: string, isAsked: boolean): Differing | undefined => {
  const call = state.calls.get(callId)
  if (call === undefined) return undefined
  const tool = agent.tools.get(call.tool)
  if (tool === undefined)
    return { expected: `an open call of ${call.tool}`, found: `the tools ${[...agent.tools.keys()].join(', ') || '(none)'}` }
  if (call.input === undefined) return undefined
  const problem = inputProblem(tool, call) ?? objection({ agent, state, callId, tool, input: call.input }, isAsked)
  return problem === undefined ? undefined : { expected: `a call of ${tool.name} that is checked already`, found: problem }
}

interface CheckedCall {
  readonly agent: Agent
  readonly state: RunState
  readonly callId: string
  readonly tool: Tool
  readonly input: Json
}

const objection = ({ agent, state, callId, tool, input }: CheckedCall, isAsked: boolean): string | undefined => {
  const action = { tool: tool.name, effect: tool.effect, input }
  const verdict = checkAction(agent.guardrails.action ?? [], action, contextOfRun(agent, state, dataOfCall(state, callId)))
  if (verdict.verdict === 'block') return `the guardrail ${verdict.guardrail} blocks it: ${verdict.reason}`
  const isToBeAsked = verdict.verdict === 'ask' || needsApproval(agent, state, { callId, tool, input }) !== false
  return isToBeAsked && !isAsked ? 'it needs an approval, and nobody was asked' : undefined
}

export const presentDifferences = (agent: Agent, state: RunState, granted: ReadonlySet<string>): MoveDifference[] => {
  const { status, broken } = state
  if (status !== 'active' && !isReopenable(state)) return [{ what: 'status', expected: 'active', found: status }]
  const open = state.beforeFailure ?? state
  return [
    ...(broken === undefined
      ? []
      : [{ what: 'projection' as const, expected: 'one that takes in every event', found: describeBroken(broken) }]),
    ...settingDifferences(agent, state),
    ...initialDifferences(agent, state),
    ...openCallDifferences(agent, open, granted),
  ]
}

/** Its code has to find what it expects of every run. */
const initialDifferences = (agent: Agent, { started }: RunState): MoveDifference[] => {
  const differs = (expected: string, found: string): MoveDifference => ({ what: 'beginning', expected, found })
  try {
    const now = initialDataOf(agent, { input: started.input, context: started.context })
    return (['input', 'context'] as const).flatMap((field) => {
      const [had, has] = [started[field], now[field]].map((value) => canonicalJson(value ?? null))
      return had === has ? [] : [differs(`the ${field} ${had}, as it was started with`, has ?? '')]
    })
  } catch (error) {
    if (!isAppError(error)) throw error
    return [differs('what the run was started with', error.message)]
  }
}

const wantedSettings = (agent: Agent, { started }: RunState) => (started.parent === undefined ? agent.settings : asTask(agent))

/** The chart asks by the settings that the run was started with: whatever the code counts on has to be among them. */
const settingDifferences = (agent: Agent, state: RunState): MoveDifference[] => {
  const { settings } = state.started
  const wanted = wantedSettings(agent, state)
  const differs = (name: string, had: unknown, has: unknown): MoveDifference[] =>
    JSON.stringify(had) === JSON.stringify(has)
      ? []
      : [{ what: 'settings', expected: `${name} ${JSON.stringify(had)}, as it was started with`, found: JSON.stringify(has) }]
  return [
    ...(wanted.checksInput ? differs('checksInput', settings.checksInput, true) : []),
    ...(wanted.checksOutput ? differs('checksOutput', settings.checksOutput, true) : []),
    ...differs('endsWithOutput', settings.endsWithOutput, wanted.endsWithOutput),
    ...differs('handsOver', settings.handsOver, wanted.handsOver),
  ]
}

export const keptSettings = (agent: Agent, state: RunState): string[] => {
  const { settings } = state.started
  const wanted = wantedSettings(agent, state)
  return (['models', 'limits', 'clarifications', 'approvalTimeoutMs'] as const).filter(
    (name) => canonicalJson(settings[name]) !== canonicalJson(wanted[name]),
  )
}
