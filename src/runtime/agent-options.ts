import type { AnyStateMachine } from 'xstate'
import type { z } from 'zod'
import type { ModelSettings } from '../events/model-settings.ts'
import type { AgentSpec, AgentSpecOptions } from '../fold/agent-spec.ts'
import type { LimitOptions } from '../fold/limits.ts'
import type { Guardrails } from '../guardrails/guardrail.ts'
import { refuseUnknownOptions, type OptionNames } from '../known-options.ts'
import type { FailurePolicy } from '../machines/model-failure-policy.ts'
import type { Optional } from '../present.ts'
import type { Projection } from '../projections/projection.ts'
import type { Tool } from '../tools/tool.ts'
import type { ModelEntry, NextModelCall } from './model-settings.ts'

export interface CommonAgentOptions<Context extends z.ZodType = z.ZodType, Data extends z.ZodType = z.ZodType> {
  readonly name: string
  /** Any text without `@`. A run keeps the version that it began with. */
  readonly version: string
  /** `provider/model`, in order of preference; with settings that hold for this one, `{ model, settings }`. */
  readonly models?: readonly (string | ModelEntry)[] | undefined
  readonly tools?: readonly Tool[] | undefined
  readonly limits?: LimitOptions | undefined
  readonly guardrails?: Guardrails | undefined
  /** Folds of the run's own events, whose states its tools may read. */
  readonly projections?: readonly Projection[] | undefined
  /**
   * What a run is started with beside its message or input, such as who it is for and within which rights; children of a run have its context.
   * What the schema makes of it is recorded, and tools, guardrails, approvals and look-ups see it; anything else is refused. Any JSON,
   * without it.
   */
  readonly context?: Context | undefined
  /** What a program has to say with a message, as the same for `data` of each. Any JSON, or nothing, without it. */
  readonly messageData?: Data | undefined
  /** Of a function: made once, when a run starts, and recorded with it. */
  readonly instructions?: string | ((context: z.output<Context>) => string) | undefined
  /**
   * `inOrder` (by default): a call that changes something, or comes after one, waits until the earlier calls of its run have their last word,
   * unless its tool names what it `touches`. `parallel`: only calls that name the same wait for each other.
   */
  readonly toolCalls?: 'inOrder' | 'parallel' | undefined
  /** Of all its model calls. */
  readonly modelSettings?: ModelSettings | undefined
  /**
   * Settings of one model call, over those of the agent and of the model; pure, asked before each attempt, and recorded with it: a replay
   * never asks. What it throws, or gives that are no settings, leaves the run to a person.
   */
  readonly prepareModelCall?: ((call: NextModelCall<z.output<Context>, z.output<Data>>) => ModelSettings | undefined) | undefined
  /** One attempt of a model call; 120 s by default. */
  readonly modelTimeoutMs?: number | undefined
  /** An answer that asks for more tool calls at once has failed (`protocol`), before any of them begins; 128 by default, 1,000 at most. */
  readonly maxToolCallsPerAnswer?: number | undefined
  readonly failurePolicy?: Optional<FailurePolicy> | undefined
  /** How often a model may correct invalid arguments or output; 2 by default. */
  readonly clarifications?: number | undefined
  /** 7 days by default. */
  readonly approvalTimeoutMs?: number | undefined
  /**
   * Whether a new message of a user withdraws what people have been asked and not answered: the model is told, and decides anew with the
   * message before it. `false` by default: the message stands beside the question.
   */
  readonly messageWithdrawsApprovals?: boolean | undefined
}

export interface AgentOptions<Output, Context extends z.ZodType = z.ZodType, Data extends z.ZodType = z.ZodType> extends CommonAgentOptions<
  Context,
  Data
> {
  readonly instructions: string | ((context: z.output<Context>) => string)
  readonly models: readonly (string | ModelEntry)[]
  /**
   * The run ends with a result of this shape; without it, it is a conversation. What the schema makes of an answer is the result: defaults are
   * filled in, transforms applied, other keys left out. It has to be JSON, before and after.
   */
  readonly output?: z.ZodType<Output> | undefined
}

export interface ChartOptions<
  Input extends z.ZodType = z.ZodType,
  Context extends z.ZodType = z.ZodType,
  Data extends z.ZodType = z.ZodType,
> extends CommonAgentOptions<Context, Data> {
  /** An XState v5 machine that asks for effects by the names of `runIntents`. */
  readonly chart: AnyStateMachine
  /**
   * What a run has to begin with; anything else is refused. What the schema makes of it is recorded and given to the chart: defaults are
   * filled in, transforms applied, other keys left out. It has to be JSON, before and after. Anything, without it.
   */
  readonly input?: Input | undefined
  /** An input that the chart can be started with: it is started once, when the agent is defined, to see that it can be refolded. */
  readonly probeInput?: z.input<Input> | undefined
}

/** Options of an agent whose chart, limits and projections stand in a spec. */
export type OnSpec<Options> = Omit<Options, Exclude<keyof AgentSpecOptions, 'tools'>> & { readonly spec: AgentSpec }

/** All of an agent, wherever they stand. */
export type WholeOptions = AgentOptions<unknown> | ChartOptions

const COMMON_OPTIONS: OptionNames<CommonAgentOptions> = {
  name: true,
  version: true,
  models: true,
  tools: true,
  limits: true,
  guardrails: true,
  projections: true,
  context: true,
  messageData: true,
  instructions: true,
  toolCalls: true,
  modelSettings: true,
  prepareModelCall: true,
  modelTimeoutMs: true,
  maxToolCallsPerAnswer: true,
  failurePolicy: true,
  clarifications: true,
  approvalTimeoutMs: true,
  messageWithdrawsApprovals: true,
}
const STANDARD_OPTIONS: OptionNames<AgentOptions<unknown>> = { ...COMMON_OPTIONS, output: true }
const CHART_OPTIONS: OptionNames<ChartOptions> = { ...COMMON_OPTIONS, chart: true, input: true, probeInput: true }
const GUARDRAILS: OptionNames<Guardrails> = { input: true, output: true, action: true }

/** Throws `InvalidConfiguration` for an option that there is not, or not on this chart. */
export const refuseUnknownOptionsOf = (options: WholeOptions): void => {
  const whose = `agent "${options.name}"`
  refuseUnknownOptions(whose, options, 'chart' in options ? CHART_OPTIONS : STANDARD_OPTIONS)
  refuseUnknownOptions(`${whose}: guardrails`, options.guardrails ?? {}, GUARDRAILS)
}
