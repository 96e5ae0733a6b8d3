import type { ModelSettings } from '../events/model-settings.ts'

/**
 * The effects and facts that a chart may ask for. Each is a named action with JSON params; none has a body:
 * the fold writes them into the ledger of owed work, and the runtime answers each with an event.
 */
export const runIntents = [
  'callModel', // { key?, callId?, attempt?, model?, prompt? … } -> ModelCallRequested, ModelCallSucceeded | ModelCallFailed
  'callTool', // { tool, input | argumentsText, key?, callId? } -> a tool call of its own, see the chart `tool-call`
  'callTools', // { calls: [the same] } -> all of them at once
  'askApproval', // { question, key?, timeoutMs? } -> ApprovalRequested, ApprovalGranted | ApprovalDenied
  'startChildRun', // { agent, input, key? } -> ChildRunRequested, ChildRunSucceeded | ChildRunFailed
  'checkInput', // -> InputAccepted | InputRejected
  'checkOutput', // -> OutputAccepted | OutputRejected
  'reportLimit', // -> LimitExceeded
  'endTurn', // { outcome } -> TurnCompleted
  'escalate', // { reason } -> RunEscalated
  'abandon', // drops all that is owed and open but timers
] as const
export type RunIntent = (typeof runIntents)[number]

/** What the chart of a single tool call asks for. */
export const toolCallIntents = [
  'checkCall', // -> ToolCallRejected | ApprovalRequested | ToolCallRequested
  'startCall', // { attempt } -> ToolCallRequested
  'lookUp', // -> ToolCallSucceeded | ToolCallFailed, or RunEscalated where nobody knows
  'deny', // { by, reason } -> ToolCallDenied
] as const

export interface CallModelParams {
  readonly [name: string]: unknown
  /** Joins a later attempt to an earlier one. */
  readonly callId?: string | undefined
  readonly key?: string | undefined
  readonly attempt?: number | undefined
  /** Index in the run's list of models; 0 by default. */
  readonly model?: number | undefined
  /** Attempts already made with this very model. */
  readonly modelAttempt?: number | undefined
  readonly purpose?: 'answer' | 'wrapUp' | undefined
  /** A prompt of its own, beside the transcript: what a workflow asks. */
  readonly prompt?: string | undefined
  readonly instructions?: string | undefined
  /** Of this call: over those of the agent. */
  readonly settings?: ModelSettings | undefined
}

export interface CallToolParams {
  readonly [name: string]: unknown
  readonly tool: string
  readonly key?: string | undefined
  readonly callId?: string | undefined
  /** The arguments, or the text that a model wrote for them. */
  readonly input?: unknown
  readonly argumentsText?: string | undefined
  /** The vendor's id, which its answer has to carry. */
  readonly providerId?: string | undefined
}

export interface AskApprovalParams {
  readonly [name: string]: unknown
  readonly question: string
  readonly key?: string | undefined
  readonly timeoutMs?: number | undefined
}

export interface StartChildRunParams {
  readonly [name: string]: unknown
  readonly agent: string
  readonly input: unknown
  readonly key?: string | undefined
}
