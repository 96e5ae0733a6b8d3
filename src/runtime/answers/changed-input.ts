import { AppError } from '../../errors.ts'
import type { DataOf } from '../../events/run-events.ts'
import type { RunState } from '../../fold/run-state.ts'
import { checkAction } from '../../guardrails/guardrail.ts'
import { canonicalJson, deepFrozen, type Json } from '../../json.ts'
import { beginning } from '../../text.ts'
import type { Tool } from '../../tools/tool.ts'
import type { Agent } from '../agent.ts'
import { approvalDigest } from '../../fold/approval-digest.ts'
import { checkedJson } from '../checked-json.ts'
import { contextOfRun, dataOfCall } from '../run-context.ts'
import { actKey, repeated } from './call-order.ts'

// An approval may be granted with other arguments than those that were asked about. They pass all that the first have passed, but for the question
// whether a person has to be asked: one has just answered.

/** UTF-8 bytes of JSON: the model is told of it. */
const LARGEST_INPUT = 1024 * 1024
/** UTF-16 units of what a schema makes of it. */
const LONGEST_SHOWN = 500

type Granted = DataOf<'ApprovalGranted'>

/**
 * A grant as it is recorded, with the digest of what it holds for. Throws `InvalidInput`, `TooLarge` or `NotPossible` where the call cannot be
 * executed with what it is granted with.
 */
export const checkedGrant = (agent: Agent, state: RunState, granted: Granted): Granted => {
  const problem = changedInputProblem(agent, state, granted)
  if (problem !== undefined) throw problem
  return withInputDigest(agent, state, granted)
}

/** The grant of another run, for this one; undefined where it does not hold for its code. */
export const holdingGrant = (agent: Agent, state: RunState, granted: Granted): Granted | undefined =>
  changedInputProblem(agent, state, granted) === undefined ? withInputDigest(agent, state, granted) : undefined

const withInputDigest = (agent: Agent, state: RunState, { inputDigest: _, ...granted }: Granted): Granted => {
  const { callId, input } = granted
  if (input === undefined) return granted
  return { ...granted, inputDigest: approvalDigest(agent, callId, { tool: state.calls.get(callId)?.tool, input }) }
}

/** Why a call cannot be executed with what it was granted with; undefined where it can, and where nothing was changed. */
const changedInputProblem = (agent: Agent, state: RunState, { callId, input }: Granted): AppError | undefined => {
  if (input === undefined) return undefined
  const details = { runId: state.runId, command: 'approve', callId }
  const problem = (code: 'InvalidInput' | 'NotPossible' | 'TooLarge', message: string): AppError => new AppError(code, message, { details })
  const name = state.calls.get(callId)?.tool ?? ''
  const tool = agent.tools.get(name)
  if (tool === undefined)
    return problem('NotPossible', `${callId} cannot be granted with changed arguments: ${agent.id} has no tool ${name}`)
  const bytes = Buffer.byteLength(JSON.stringify(input))
  if (bytes > LARGEST_INPUT)
    return problem('TooLarge', `Expected changed arguments of ${callId} of ${LARGEST_INPUT} bytes at most, found ${bytes}`)
  const misfit = misfitOf(tool, input)
  if (misfit !== undefined)
    return problem('InvalidInput', `Expected changed arguments of ${callId} that ${tool.name} takes as they are, found ${misfit}`)
  const objection = objectionTo(agent, state, { callId, tool, input: deepFrozen(structuredClone(input)) })
  return objection === undefined
    ? undefined
    : problem('InvalidInput', `Expected changed arguments of ${callId} that may be executed, found some of which ${objection}`)
}

/** What is executed is what a person has seen and granted, to the letter: no schema makes something else of it behind their back. */
const misfitOf = (tool: Tool, input: Json): string | undefined => {
  const checked = checkedJson(tool.input, input)
  if (!checked.ok) return `some that do not fit: ${checked.problem}`
  const made = canonicalJson(checked.value)
  return made === canonicalJson(input) ? undefined : `some that its schema turns into ${beginning(made, LONGEST_SHOWN)}`
}

interface ChangedCall {
  readonly callId: string
  readonly tool: Tool
  readonly input: Json
}

const objectionTo = (agent: Agent, state: RunState, { callId, tool, input }: ChangedCall): string | undefined => {
  const action = { tool: tool.name, effect: tool.effect, input }
  const verdict = checkAction(agent.guardrails.action ?? [], action, contextOfRun(agent, state, dataOfCall(state, callId)))
  if (verdict.verdict === 'block') return `the guardrail ${verdict.guardrail} says no: ${verdict.reason}`
  const act = actKey(state, { tool, input })
  if (!act.ok) return `${tool.name} could not tell which act they are: ${act.problem}`
  const done = repeated(state, { callId, tool, input, ...act.value })
  return done?.type === 'ToolCallRejected' ? `nothing would come: ${done.data.message}` : undefined
}
