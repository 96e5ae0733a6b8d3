import './check-node.ts'

export { AppError, errorCodes, type ErrorCode, type ErrorDetails } from './errors.ts'
export { openRefold } from './open.ts'
export type { FreshPage, OpenRefold, RefoldCounts, RefoldOptions } from './open-refold.ts'
export type { ViewsBehind } from './consumers/quick-catch-up.ts'
export type { ViewFilter, ViewName, ViewPage, ViewRow, ViewValue } from './views/view-queries.ts'
export type { AskSql, FreshSqlResult } from './consumers/fresh-sql.ts'
export type { SqlColumn, SqlOptions, SqlParameter, SqlResult, SqlType, SqlValue } from './views/sql-query.ts'
export type { CatalogedQuery, NamedQueries, NamedQuery, SqlCatalog, SqlTable } from './views/named-queries.ts'
export type { Retention, RetentionTimes } from './consumers/retention.ts'
export type { ForkOptions } from './runtime/forks/fork-options.ts'
export type { MoveCheck } from './runtime/commands/move-check.ts'
export type { DecidedAgain, DifferentDecision } from './runtime/whatif/decided-again.ts'
export type { Otherwise } from './runtime/whatif/compared-decisions.ts'
export type { MoveDifference } from './runtime/commands/move-differences.ts'
export type { LogCall } from './eventlog/timed-log.ts'
export type { SweepCounts } from './consumers/sweeper.ts'
export type { GiveBackRuns, GivenBackRun, GivenBackRuns, OwnedRuns } from './runtime/commands/give-back-runs.ts'
export { defineConfig, type RefoldConfig } from './cli/define-config.ts'
export type { GrownDatasets, GrowRule, ScoreCondition } from './evals/growing/grow-rule.ts'
export { defineEval, type Effects, type EvalDefinition, type Judge } from './evals/define-eval.ts'
export type {
  CaseExpected,
  CaseInput,
  CaseOf,
  CaseOutput,
  CaseState,
  CaseToolCall,
  DatasetCase,
  ExpectedToolCall,
  FollowUp,
} from './evals/dataset-case.ts'
export type { JudgeRubric } from './evals/scorers/judge.ts'
export type { Score, ScoredRun, ScoredToolCall, Scorer, Spent as SpentInRun } from './evals/scorers/scorer.ts'
export { answerScorer, containsScorer } from './evals/scorers/answers.ts'
export { budgetScorer, type BudgetLimits } from './evals/scorers/budget.ts'
export { guardrailScorer, type GuardrailExpectation } from './evals/scorers/guardrails.ts'
export { ownScorer } from './evals/scorers/own.ts'
export { schemaScorer } from './evals/scorers/schema.ts'
export { stateScorer } from './evals/scorers/state.ts'
export { argumentsScorer, trajectoryScorer, type TrajectoryMode, type TrajectoryOptions } from './evals/scorers/tool-calls.ts'
export type { ArgumentsMode } from './evals/scorers/arguments-fit.ts'
export type { HttpOptions } from './http/http-options.ts'
export { defineAgent, type Agent } from './runtime/agent.ts'
export type { AgentOptions, ChartOptions, CommonAgentOptions, OnSpec } from './runtime/agent-options.ts'
export type { Agents } from './runtime/code/agents.ts'
export type { ModelEntry, NextModelCall } from './runtime/model-settings.ts'
export type { AgentSpec, AgentSpecOptions, RunSpec, ToolSpec } from './fold/agent-spec.ts'
export type { LimitOptions } from './fold/limits.ts'
export type { FailurePolicy, FailureRule } from './machines/model-failure-policy.ts'
export type { Deletion, DeleteOptions } from './runtime/erase.ts'
export type { UnsettledCall } from './runtime/erase.ts'
export type { Refold, StartArguments } from './runtime/refold.ts'
export type { SealedStartOptions, SealOptions } from './runtime/seal-options.ts'
export type { StartOptions } from './runtime/commands/start-run.ts'
export type { CommandOrigin } from './runtime/checked-input.ts'
export type { ByWhom, MessageOptions, Run, ScoreOptions } from './runtime/run-handle.ts'
export type { DeletionRequest, SaidBlob } from './runtime/reading/run-reader.ts'
export type { Delta } from './runtime/deltas.ts'
export type { EffectCounts } from './runtime/effects/effects.ts'
export type { RuntimeCounts } from './runtime/runtime.ts'
export type { SettledOutcome } from './fold/decide.ts'
export type { Difference } from './fold/replay.ts'
export type { RunScore, RunStatus } from './fold/run-state.ts'
export type { Verification } from './runtime/reading/verify-run.ts'
export type { OpenEffect, RunLineage, RunView } from './fold/run-view.ts'
export type { ResultSource, SourceCounts } from './events/fork.ts'
export { defineTool } from './tools/define-tool.ts'
export { httpFetchTool, type HttpFetchInput, type HttpFetchOptions, type HttpFetchOutput } from './tools/http-fetch.ts'
export {
  ToolFailure,
  withContent,
  WithContent,
  type Effect,
  type Lookup,
  type LookupContext,
  type Tool,
  type ToolContext,
  type ToolFailureOptions,
  type ToolOptions,
  type ToolRetry,
} from './tools/tool.ts'
export { dependency } from './tools/dependency.ts'
export type { DependenciesOf, Dependency, ReadableProjection, RunContext, RunPoint } from './projections/run-context.ts'
export { defineProjection, type FoldedEvent, type Projection } from './projections/projection.ts'
export type { ToolEffect } from './events/definition.ts'
export type { EventMeta, RecordedRunEvent, RunEvent } from './events/envelope.ts'
export type { DataOf, RunEventType, RunFact, WaitsFor } from './events/run-events.ts'
export type { Metadata } from './events/metadata.ts'
export type { Tags } from './events/tags.ts'
export {
  shownContent,
  textsOf as contentText,
  type BlobSource,
  type ContentPart,
  type FilePart,
  type ImagePart,
  type MediaPart,
  type TextPart,
  type UrlSource,
} from './events/content.ts'
export type {
  BytesSource,
  GivenContent,
  GivenFilePart,
  GivenImagePart,
  GivenPart,
  GivenSource,
  GivenUrlSource,
} from './events/given-content.ts'
export type { ModelSettings, ToolChoice } from './events/model-settings.ts'
export type { AssistantPart, Message, ModelFailureClass, Usage } from './events/message.ts'
export type { ActionGuardrail, Guardrails, ProposedAction, TextGuardrail, Verdict } from './guardrails/guardrail.ts'
export {
  runIntents,
  type CallModelParams,
  type CallToolParams,
  type AskApprovalParams,
  type StartChildRunParams,
} from './machines/intents.ts'
export type { ChartEvent, ChartEventOf } from './machines/chart-event.ts'
export type { Spent } from './machines/spent.ts'
export type {
  Model,
  ModelAnswer,
  ModelCallOptions,
  ModelFailure,
  ModelOutcome,
  ModelRequest,
  WrittenRequest,
  Models,
  RequestSettings,
  ToolDeclaration,
} from './models/model.ts'
export type { ModelPrice, PriceOverrides } from './models/prices.ts'
export type { Fetch, ProviderAccess } from './models/wire/attempt.ts'
export { anthropicModel } from './models/anthropic/anthropic-model.ts'
export { openaiChatModel, type ChatAccess } from './models/openai/openai-chat-model.ts'
export { openaiResponsesModel } from './models/openai/openai-responses-model.ts'
export { recordedModel, type ModelApi } from './models/recorded/recorded-model.ts'
export { scriptedModel } from './models/scripted/scripted-model.ts'
export {
  answer,
  failure,
  toolCalls,
  type ModelScript,
  type ScriptedAnswer,
  type ScriptedOutcome,
  type ScriptedToolCall,
  type WantedToolCall,
} from './models/scripted/script.ts'
export { callIdAt } from './events/call-id.ts'
export { openaiChatRecording, type RecordedAssistantMessage } from './models/recorded/openai-chat-recording.ts'
export { recordingFetch, type Recording, type RecordingMatch } from './models/recorded/recordings.ts'
export type { Optional } from './present.ts'
export { canonicalJson, type Json, type JsonObject } from './json.ts'
