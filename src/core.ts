// What folds, and nothing that performs: it runs wherever JavaScript does.

export { AppError, errorCodes, type ErrorCode, type ErrorDetails } from './errors.ts'
export { defineAgentSpec, defineToolSpec, type AgentSpec, type AgentSpecOptions, type RunSpec, type ToolSpec } from './fold/agent-spec.ts'
export { foldRun, type FoldedRun } from './fold/folded-run.ts'
export type { LimitOptions } from './fold/limits.ts'
export type { Difference } from './fold/replay.ts'
export type { RunScore, RunStatus } from './fold/run-state.ts'
export type { OpenEffect, RunLineage, RunView } from './fold/run-view.ts'
export type { ResultSource, SourceCounts } from './events/fork.ts'
export { defineProjection, type FoldedEvent, type Projection } from './projections/projection.ts'
export type { DependenciesOf, Dependency, ReadableProjection, RunContext, RunPoint } from './projections/run-context.ts'
export { decodeEvent, type StoredTexts } from './events/codec.ts'
export {
  shownContent,
  textsOf as contentText,
  type BlobSource,
  type ContentPart,
  type FilePart,
  type ImagePart,
  type TextPart,
  type UrlSource,
} from './events/content.ts'
export { callIdAt } from './events/call-id.ts'
export type { ToolEffect } from './events/definition.ts'
export type { EventMeta, RecordedRunEvent, RunEvent } from './events/envelope.ts'
export type { ModelSettings } from './events/model-settings.ts'
export type { AssistantPart, Message, ModelFailureClass, Usage } from './events/message.ts'
export type { DataOf, RunEventType, RunFact, WaitsFor } from './events/run-events.ts'
export type { Metadata } from './events/metadata.ts'
export type { Tags } from './events/tags.ts'
export type { ActionGuardrail, Guardrails, ProposedAction, TextGuardrail, Verdict } from './guardrails/guardrail.ts'
export type { ChartEvent, ChartEventOf } from './machines/chart-event.ts'
export {
  runIntents,
  type AskApprovalParams,
  type CallModelParams,
  type CallToolParams,
  type StartChildRunParams,
} from './machines/intents.ts'
export type { Spent } from './machines/spent.ts'
export { canonicalJson, type Json, type JsonObject } from './json.ts'
