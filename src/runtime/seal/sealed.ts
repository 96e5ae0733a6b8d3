import type { RunEvent } from '../../events/envelope.ts'
import type { ResultSource } from '../../events/fork.ts'
import type { DataOf, RunFact } from '../../events/run-events.ts'
import { askedForApproval, askedForModel, askedForRun, askedForTool, type AskedFor, type OwnFork } from '../../fold/fork.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import type { Json } from '../../json.ts'
import { sampleOf } from '../../tools/sample-value.ts'
import type { Tool } from '../../tools/tool.ts'
import { childRunId } from '../../fold/child-report.ts'
import type { Agent } from '../agent.ts'
import { answered } from '../tool-outcome.ts'
import type { OriginRecord } from './origin-record.ts'

// The seal of a run, most often of a fork: what answers it in place of models, tools and other runs. It follows from the fork's events and from what its origin
// had recorded when it began, so that whichever process goes on with it gives the same answers.
//
//   SEAL1. Nothing of a fork is performed but model calls within its limits and tools that its seal names.
//   SEAL2. What the record answers needs no effect: the answer rides in the same append as the claim.
//   SEAL3. Until all of its origin's events are copied nothing happens in it at all.
//
// A run may be sealed from its first event on, and be no fork. Then it asks how its agent does today, not what would have been: whatever it
// may perform it performs, and a record answers only the rest.

/** What a job knows of its run and of now. */
export interface SealedContext {
  readonly agent: Agent
  readonly at: number
  readonly owner: string
  /** Of a fork: what its origin has recorded behind the copies. */
  readonly record?: OriginRecord
}

/** Where it is a fork that may go on. */
const ownOf = (state: RunState): OwnFork | undefined => state.fork?.own

/** Whether its copies are not complete. */
export const isCutShort = ({ fork }: Pick<RunState, 'fork'>): boolean => fork !== undefined && fork.own === undefined

const isNoFork = (state: RunState): boolean => state.fork?.of === undefined

/** Whether a tool of this run is executed for real. Of a run without a seal every one is. */
export const runsForReal = (state: RunState, tool: Tool): boolean => {
  if (state.fork === undefined) return true
  const own = ownOf(state)
  if (own === undefined) return false
  return own.seal.real.includes(tool.name) || (own.seal.reads && isRead(state, tool))
}

/** By the code of today and by that which the run was begun with. */
const isRead = ({ started }: RunState, tool: Tool): boolean =>
  tool.effect === 'read' && (started.definition?.tools[tool.name]?.effect ?? 'read') === 'read'

/** Whether models of this run are called at all. */
export const callsModels = (state: RunState): boolean => state.fork === undefined || (ownOf(state)?.seal.modelCalls ?? Infinity) > 0

/** Whether a call is within the limits of the seal. One that is taken over from a process that has ended is no further call. */
export const mayCallModel = (state: RunState, callId: string): boolean => {
  const own = ownOf(state)
  if (own === undefined) return state.fork === undefined
  const { seal, counts, liveCostMicroUsd } = own
  const underWay = [...state.owed.values()].filter(
    ({ key, intent, status }) => key !== callId && intent === 'callModel' && status === 'claimed',
  ).length
  return counts.live + underWay < (seal.modelCalls ?? Infinity) && liveCostMicroUsd < (seal.costMicroUsd ?? Infinity)
}

/** What is said where a run has spent what its seal allows. */
export const SEAL_REACHED = 'this run has reached its limit of'

/** Why no model is called any more, in words. */
export const noModelReason = (state: RunState): string => {
  const own = ownOf(state)
  const { modelCalls = null, costMicroUsd = null } = own?.seal ?? {}
  if (modelCalls === 0) return 'no answer to this prompt is recorded, and this run calls no model'
  const isOfCost = costMicroUsd !== null && (own?.liveCostMicroUsd ?? 0) >= costMicroUsd
  return `${SEAL_REACHED} ${isOfCost ? `${costMicroUsd / 1_000_000} USD` : `${modelCalls} model calls`}`
}

const recorded = ({ record }: SealedContext, state: RunState, wanted: AskedFor): RunEvent | undefined => {
  const own = ownOf(state)
  return own === undefined ? undefined : record?.resultOf(wanted, own.asked)
}

export interface WantedModelCall {
  readonly callId: string
  readonly attempt: number
  readonly fingerprint: string
}

/** The recorded answer to the same prompt; undefined where there is none. */
export const sealedModelAnswer = (
  context: SealedContext,
  state: RunState,
  { callId, attempt, fingerprint }: WantedModelCall,
): RunFact | undefined => {
  if (isNoFork(state) && callsModels(state)) return undefined
  const result = recorded(context, state, askedForModel(callId, fingerprint))
  if (result?.type === 'ModelCallSucceeded') return { type: result.type, data: { ...result.data, callId, attempt, source: 'recorded' } }
  if (result?.type !== 'ModelCallFailed') return undefined
  const { retryAt, failingSince, ...data } = result.data
  const times = { ...(retryAt !== undefined && { retryAt: context.at }), ...(failingSince !== undefined && { failingSince: context.at }) }
  return { type: result.type, data: { ...data, ...times, callId, attempt, source: 'recorded' } }
}

export interface WantedToolCall {
  readonly callId: string
  readonly attempt: number
  readonly tool: Tool
  readonly input: Json
}

/** What takes the place of a tool's execution; undefined where it is executed for real. */
export const sealedToolAnswer = (context: SealedContext, state: RunState, call: WantedToolCall): RunFact | undefined => {
  const own = ownOf(state)
  const { callId, attempt, tool, input } = call
  if (own === undefined) return undefined
  const given = own.changes.results ?? {}
  if (Object.hasOwn(given, callId)) return simulated(state, call, given[callId] ?? null)
  if (isNoFork(state) && runsForReal(state, tool)) return undefined
  const result = recorded(context, state, askedForTool({ callId, tool: tool.name, input }))
  return recordedToolResult(context, result, { callId, attempt }) ?? (runsForReal(state, tool) ? undefined : madeUp(context, state, call))
}

const recordedToolResult = (
  { at }: SealedContext,
  result: RunEvent | undefined,
  call: Pick<WantedToolCall, 'callId' | 'attempt'>,
): RunFact | undefined => {
  if (result?.type === 'ToolCallSucceeded') return { type: result.type, data: { ...result.data, ...call, source: 'recorded' } }
  if (result?.type !== 'ToolCallFailed') return undefined
  const { retryAt, ...data } = result.data
  return { type: result.type, data: { ...data, ...(retryAt !== undefined && { retryAt: at }), ...call, source: 'recorded' } }
}

const madeUp = (context: SealedContext, state: RunState, call: WantedToolCall): RunFact => {
  const { callId, attempt, tool } = call
  const { simulate = {}, samples = false } = ownOf(state)?.seal ?? {}
  if (Object.hasOwn(simulate, tool.name)) return simulated(state, call, simulate[tool.name] ?? null)
  const example = samples ? exampleOf(context, tool) : undefined
  if (example !== undefined) return simulated(state, call, example)
  const reason = `${isNoFork(state) ? 'a sealed run' : 'a fork'} executes nothing: say what ${tool.name} would have brought, by settling this call`
  return { type: 'ToolCallUnresolved', data: { callId, attempt, reason, sealed: true } }
}

const exampleOf = ({ record }: SealedContext, tool: Tool): unknown => record?.exampleOf(tool.name)?.output ?? sampleOf(tool.output)?.value

/** Pictures and files that a tool makes of its output are not made for it. */
const simulated = (state: RunState, { callId, attempt, tool }: WantedToolCall, output: unknown): RunFact => {
  const { bytes = [], ...fact } = answered(tool, state, { callId, attempt }, output)
  if (fact.type !== 'ToolCallSucceeded' || bytes.length === 0) return withSource(fact, 'simulated')
  const { content: _, ...data } = fact.data
  return { type: fact.type, data: { ...data, source: 'simulated' } }
}

/** A result that says where it is from. */
export const withSource = <Fact extends RunFact>(fact: Fact, source: ResultSource): Fact => {
  switch (fact.type) {
    case 'ModelCallSucceeded':
    case 'ModelCallFailed':
    case 'ToolCallSucceeded':
    case 'ToolCallFailed':
      return { ...fact, data: { ...fact.data, source } }
    default:
      return fact
  }
}

/** What takes the place of a run that a fork asks for: no run is ever started for one. */
const sealedChildRun = (context: SealedContext, state: RunState, owed: Owed): RunFact | undefined => {
  const own = ownOf(state)
  if (own === undefined) return undefined
  const agent = String(owed.params.agent)
  const call = { callId: owed.key, childRunId: childRunId(state.runId, owed) }
  const result = recorded(context, state, askedForRun({ callId: owed.key, agent, input: (owed.params.input ?? null) as Json }))
  if (result?.type === 'ChildRunSucceeded') return { type: result.type, data: { ...result.data, ...call, source: 'recorded' } }
  if (result?.type === 'ChildRunFailed') return { type: result.type, data: { ...result.data, ...call, source: 'recorded' } }
  if (Object.hasOwn(own.seal.simulate, agent))
    return { type: 'ChildRunSucceeded', data: { ...call, output: own.seal.simulate[agent] ?? null, source: 'simulated' } }
  return {
    type: 'ChildRunFailed',
    data: {
      ...call,
      reason: `${isNoFork(state) ? 'a sealed run' : 'a fork'} starts no run: nothing says what ${agent} would have brought`,
      source: 'simulated',
    },
  }
}

interface Decided {
  /** Of the decision, in the origin. */
  readonly revision: number
  readonly fact: RunFact
}

type Granted = DataOf<'ApprovalGranted'>

/**
 * What people have decided on the same questions in the origin, the first decision first. `asItHolds` makes a grant of the fork of one of its
 * origin: undefined where it does not hold for the code of the fork, which asks a person then.
 */
export const sealedDecision = (
  context: SealedContext,
  state: RunState,
  asItHolds: (granted: Granted) => Granted | undefined,
): RunFact | undefined => {
  if (ownOf(state) === undefined) return undefined
  const decisions = [...state.approvals.values()].flatMap(({ callId, digest, subject, expiresAt }): readonly Decided[] => {
    const result = recorded(context, state, askedForApproval({ callId, subject }))
    const data = { callId, source: 'recorded' as const }
    if (result?.type === 'ApprovalGranted' && context.at < expiresAt) {
      const granted = asItHolds({ ...result.data, ...data, digest })
      return granted === undefined ? [] : [{ revision: result.revision, fact: { type: result.type, data: granted } }]
    }
    return result?.type === 'ApprovalDenied'
      ? [{ revision: result.revision, fact: { type: result.type, data: { ...result.data, ...data } } }]
      : []
  })
  return decisions.sort((one, other) => one.revision - other.revision)[0]?.fact
}

/** The fact that settles what a fork has claimed, or undefined where it is to be performed. */
export const sealedAnswer = (context: SealedContext, state: RunState, owed: Owed): RunFact | undefined => {
  if (ownOf(state) === undefined) return undefined
  if (owed.intent === 'startChildRun') return owed.status === 'parked' ? sealedChildRun(context, state, owed) : undefined
  if (owed.status !== 'claimed' || owed.owner !== context.owner) return undefined
  if (owed.intent === 'callModel') return claimedModelAnswer(context, state, owed)
  return owed.intent === 'startCall' ? claimedToolAnswer(context, state, owed) : undefined
}

const claimedModelAnswer = (context: SealedContext, state: RunState, { key: callId, attempt }: Owed): RunFact | undefined => {
  const what = ownOf(state)?.asked.calls[`model ${callId}`]?.what
  return what === undefined ? undefined : sealedModelAnswer(context, state, { callId, attempt, fingerprint: what.slice('model '.length) })
}

const claimedToolAnswer = (context: SealedContext, state: RunState, { key: callId, attempt }: Owed): RunFact | undefined => {
  const call = state.calls.get(callId)
  const tool = context.agent.tools.get(call?.tool ?? '')
  return tool && sealedToolAnswer(context, state, { callId, attempt, tool, input: call?.input ?? null })
}
