export { AppError, errorCodes, type ErrorCode } from './errors.ts'
export { openRefold, type OpenRefold, type RefoldOptions } from './open-refold.ts'
export { defineAgent, type Agent, type AgentOptions, type ChartOptions } from './runtime/agent.ts'
export type { LimitOptions } from './runtime/limits.ts'
export type { Refold } from './runtime/refold.ts'
export type { Run } from './runtime/run-handle.ts'
export type { Verification } from './runtime/verify-run.ts'
export type { RunView } from './runtime/run-view.ts'
export { defineTool } from './tools/define-tool.ts'
export { httpFetchTool, type HttpFetchOptions } from './tools/http-fetch.ts'
export { ToolFailure, type Effect, type Lookup, type Tool, type ToolContext, type ToolOptions } from './tools/tool.ts'
export { defineProjection, type Projection } from './projections/projection.ts'
export type { RecordedRunEvent, RunEvent } from './events/envelope.ts'
export type { RunEventType, DataOf } from './events/run-events.ts'
export type { ActionGuardrail, Guardrails, TextGuardrail, Verdict } from './guardrails/guardrail.ts'
export {
  runIntents,
  type CallModelParams,
  type CallToolParams,
  type AskApprovalParams,
  type StartChildRunParams,
} from './machines/intents.ts'
export type { ChartEvent, ChartEventOf } from './machines/chart-event.ts'
export type { Model, ModelOutcome, ModelRequest, Models } from './models/model.ts'
export { anthropicModel } from './models/model.anthropic.ts'
export { openaiChatModel } from './models/model.openai-chat.ts'
export { openaiResponsesModel } from './models/model.openai-responses.ts'
export { recordedModel } from './models/model.recorded.ts'
export { scriptedModel } from './models/model.scripted.ts'
export { answer, failure, toolCalls, type ModelScript } from './models/script.ts'
export { callIdAt } from './events/call-id.ts'
export { openaiChatRecording } from './models/openai-chat-recording.ts'
export { recordingFetch, type Recording, type RecordingMatch } from './models/recordings.ts'
export { canonicalJson, type Json, type JsonObject } from './json.ts'
