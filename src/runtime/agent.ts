import type { AnyStateMachine } from 'xstate'
import { z } from 'zod'
import { messageOf } from '../errors.ts'
import type { Definition } from '../events/definition.ts'
import type { ModelSettings } from '../events/model-settings.ts'
import type { RunSettings } from '../events/run-events.ts'
import { checkSpec, invalidAgent, settingsOf, type AgentSpec, type AgentSpecOptions, type RunSpec } from '../fold/agent-spec.ts'
import type { LimitOptions } from '../fold/limits.ts'
import { programOf } from '../fold/program.ts'
import { promptHash, promptText, type Prompt } from '../fold/prompt.ts'
import type { Program } from '../fold/run-state.ts'
import type { Guardrails } from '../guardrails/guardrail.ts'
import { deepFrozen, type JsonObject } from '../json.ts'
import { agentRun } from '../machines/agent-run.ts'
import { runIntents } from '../machines/intents.ts'
import { defaultFailurePolicy, type FailurePolicy } from '../machines/model-failure-policy.ts'
import { DEFAULT_TOOL_CALLS, MOST_TOOL_CALLS } from '../models/bounded-answer.ts'
import { present, type Optional } from '../present.ts'
import type { Projection } from '../projections/projection.ts'
import { assertChart } from '../statechart/validate.ts'
import { jsonShapeProblem } from '../tools/json-shape.ts'
import { toolDeclaration } from '../tools/tool-declaration.ts'
import type { Tool } from '../tools/tool.ts'
import { checkedJson } from './checked-json.ts'
import { definitionOf } from './code/definition.ts'
import { checkedSettings, layered, type ModelEntry, type NextModelCall } from './model-settings.ts'

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

export interface Agent<Output = unknown, Input = unknown, Context = unknown, Data = unknown> extends RunSpec {
  /** @internal */
  readonly settings: RunSettings
  /** @internal */
  readonly prompt: Prompt
  /** @internal */
  readonly promptHash: string
  /** @internal */
  readonly promptText: string
  readonly tools: ReadonlyMap<string, Tool>
  /** @internal */
  readonly guardrails: Guardrails
  readonly output: z.ZodType<Output> | undefined
  readonly input: z.ZodType<unknown, Input> | undefined
  readonly context: z.ZodType<unknown, Context> | undefined
  readonly messageData: z.ZodType<unknown, Data> | undefined
  /** @internal */
  readonly instructionsFor: ((context: unknown) => string) | undefined
  /** On the standard chart: it begins with a message. */
  readonly conversational: boolean
  /** @internal In order of preference. */
  readonly models: readonly ModelEntry[]
  /** @internal */
  readonly modelSettings: ModelSettings
  /** @internal */
  readonly prepareModelCall: ((call: NextModelCall) => ModelSettings | undefined) | undefined
  /** @internal */
  readonly modelTimeoutMs: number
  /** @internal */
  readonly maxToolCallsPerAnswer: number
  /** @internal */
  readonly failurePolicy: FailurePolicy
  /** @internal */
  readonly messageWithdrawsApprovals: boolean
  /** @internal What its tools and guardrails need that is code, in a process that has opened. */
  readonly dependencies: Readonly<Record<string, unknown>>
  /** @internal What is recorded of its code at the start of each run. */
  readonly definition: Definition
  /** @internal */
  readonly toolCalls: 'inOrder' | 'parallel'
}

/**
 * An agent on the standard chart, or on a chart of your own.
 * Throws `InvalidConfiguration` for options that cannot work, and `ChartInvalid` for a chart that could not be replayed.
 */
export function defineAgent<Output = string, Context extends z.ZodType = z.ZodType, Data extends z.ZodType = z.ZodType>(
  options: AgentOptions<Output, Context, Data> | OnSpec<AgentOptions<Output, Context, Data>>,
): Agent<Output, unknown, z.input<Context>, z.input<Data>>
export function defineAgent<Input extends z.ZodType = z.ZodType, Context extends z.ZodType = z.ZodType, Data extends z.ZodType = z.ZodType>(
  options: ChartOptions<Input, Context, Data> | OnSpec<ChartOptions<Input, Context, Data>>,
): Agent<unknown, z.input<Input>, z.input<Context>, z.input<Data>>
export function defineAgent(given: AgentOptions<unknown> | ChartOptions | OnSpec<AgentOptions<unknown>> | OnSpec<ChartOptions>): Agent {
  return 'spec' in given ? agentOf(withSpec(given), given.spec.program) : agentOf(given)
}

const agentOf = (options: Whole, program?: Program): Agent => {
  checkSpec(options)
  checkNames(options)
  const settings = deepFrozen(wholeSettings(options))
  const input = inputOf(options)
  const foldedBy = program ?? checkedProgram(options, settings)
  const tools = new Map((options.tools ?? []).map((tool) => [tool.name, tool]))
  checkProjections(options)
  const modelSettings = settingsGiven(options, tools)
  const prompt = deepFrozen(promptOf(options, tools, modelSettings.modelSettings))
  return {
    ...defaultOptions,
    ...present({
      guardrails: options.guardrails && guardrailsOf(options.guardrails),
      modelTimeoutMs: options.modelTimeoutMs,
      toolCalls: options.toolCalls,
      maxToolCallsPerAnswer: options.maxToolCallsPerAnswer,
    }),
    ...modelSettings,
    prepareModelCall: options.prepareModelCall,
    name: options.name,
    version: options.version,
    id: `${options.name}@${options.version}`,
    program: foldedBy,
    settings,
    prompt,
    promptHash: promptHash(prompt),
    promptText: promptText(prompt),
    tools,
    output: outputOf(options),
    input,
    context: initialSchema(options.name, 'context', options.context),
    messageData: initialSchema(options.name, 'messageData', options.messageData),
    instructionsFor: typeof options.instructions === 'function' ? options.instructions : undefined,
    conversational: !('chart' in options),
    messageWithdrawsApprovals: options.messageWithdrawsApprovals ?? false,
    failurePolicy: deepFrozen(structuredClone({ ...defaultFailurePolicy, ...present(options.failurePolicy ?? {}) })),
    definition: definitionOf({
      ownChart: 'chart' in options ? options.chart : undefined,
      prompt,
      instructions: options.instructions,
      models: modelSettings.models,
      prepareModelCall: options.prepareModelCall,
      tools: tools.values(),
      guardrails: options.guardrails ?? {},
    }),
  }
}

type Whole = AgentOptions<unknown> | ChartOptions

const checkedProgram = (options: Whole, settings: RunSettings): Program => {
  const chart = 'chart' in options ? options.chart : agentRun
  assertChart(chart, { intents: new Set<string>(runIntents), probeInput: { settings, input: probeOf(options) } })
  return programOf(chart, options.projections ?? [])
}

/** All options, wherever they stand. What stands in the spec stands there alone. */
const withSpec = ({ spec, ...rest }: OnSpec<AgentOptions<unknown>> | OnSpec<ChartOptions>): Whole => {
  const { tools: _, ...ofSpec } = present(spec.options)
  const double = Object.keys(present(rest)).find((field) => SPEC_FIELDS.has(field))
  if (double !== undefined) throw invalidAgent(spec.name, double, 'absent beside a `spec`, in which it stands', 'one')
  if ('chart' in ofSpec && 'output' in rest && rest.output !== undefined)
    throw invalidAgent(spec.name, 'output', 'absent where the spec has a chart of its own', 'a schema')
  checkImplemented(spec, rest.tools ?? [])
  return { ...ofSpec, ...rest } as Whole
}

const SPEC_FIELDS: ReadonlySet<string> = new Set<Exclude<keyof AgentSpecOptions, 'tools'>>([
  'name',
  'version',
  'chart',
  'probeInput',
  'limits',
  'clarifications',
  'approvalTimeoutMs',
  'projections',
])

/** What the spec says of a tool is what its runs are read by. */
const checkImplemented = ({ name, tools: specified }: AgentSpec, tools: readonly Tool[]): void => {
  for (const spec of specified) {
    const tool = tools.find((each) => each.name === spec.name)
    if (tool === undefined) throw invalidAgent(name, 'tools', 'all that its spec names', `none called ${spec.name}`)
    const isSame = tool.effect === spec.effect && tool.handsOver === (spec.handsOver ?? false) && tool.input === spec.input
    if (!isSame)
      throw invalidAgent(name, 'tools', 'what its spec says of them', `another ${spec.name}: define it as \`{ ...spec, execute }\``)
  }
}

const defaultOptions = {
  dependencies: Object.freeze({}),
  guardrails: Object.freeze({}),
  modelTimeoutMs: 120_000,
  toolCalls: 'inOrder' as const,
  maxToolCallsPerAnswer: DEFAULT_TOOL_CALLS,
}

/** Who still holds the lists that an agent was defined with changes nothing of it. */
const guardrailsOf = ({ input = [], output = [], action = [] }: Guardrails): Guardrails => ({
  input: Object.freeze([...input]),
  output: Object.freeze([...output]),
  action: Object.freeze([...action]),
})

const outputOf = (options: Whole): z.ZodType | undefined => ('chart' in options ? undefined : options.output)

const inputOf = (options: Whole): z.ZodType | undefined => {
  return 'chart' in options ? initialSchema(options.name, 'input', options.input) : undefined
}

/** Of what a run begins with, or a message comes with: it is JSON before and after. */
const initialSchema = (agent: string, field: 'input' | 'context' | 'messageData', schema: z.ZodType | undefined): z.ZodType | undefined => {
  const problem = schema && (jsonShapeProblem(schema, 'input') ?? jsonShapeProblem(schema, 'output'))
  if (problem !== undefined) throw invalidAgent(agent, field, CHECKABLE, problem)
  return schema
}

/** What the chart would be given of it. */
const probeOf = (options: Whole): unknown => {
  if (!('chart' in options) || options.input === undefined || options.probeInput === undefined)
    return 'chart' in options ? options.probeInput : undefined
  const checked = checkedJson(options.input, options.probeInput)
  if (!checked.ok) throw invalidAgent(options.name, 'probeInput', 'what its `input` takes', checked.problem)
  return checked.value
}

const checkNames = (options: Whole): void => {
  const { name, toolCalls = 'inOrder' } = options
  const models = namesOfModels(options)
  checkToolCalls(name, options.maxToolCallsPerAnswer)
  if (!['inOrder', 'parallel'].includes(toolCalls)) throw invalidAgent(name, 'toolCalls', '`inOrder` or `parallel`', toolCalls)
  if (!('chart' in options) && models.length === 0) throw invalidAgent(name, 'models', 'at least one `provider/model`', '[]')
  for (const model of models) if (!/^[^/]+\/.+$/.test(model)) throw invalidAgent(name, 'models', '`provider/model`', model)
}

const checkToolCalls = (name: string, most = DEFAULT_TOOL_CALLS): void => {
  if (Number.isSafeInteger(most) && most >= 1 && most <= MOST_TOOL_CALLS) return
  throw invalidAgent(name, 'maxToolCallsPerAnswer', `a whole number from 1 to ${MOST_TOOL_CALLS}`, String(most))
}

const wholeSettings = (options: Whole): RunSettings => {
  const { guardrails = {}, tools = [] } = options
  const hasOutput = outputOf(options) !== undefined
  const { input = [], output = [] } = guardrails
  return {
    ...settingsOf(options),
    models: namesOfModels(options),
    checksInput: input.length > 0,
    checksOutput: hasOutput || output.length > 0,
    endsWithOutput: hasOutput,
    handsOver: tools.flatMap((tool) => (tool.handsOver ? [tool.name] : [])),
  }
}

/** What is no object has no members. */
const entriesOf = ({ models = [] }: CommonAgentOptions): readonly ModelEntry[] =>
  models.map((model) => (typeof model === 'string' ? { model } : (Object(model) as ModelEntry)))

const namesOfModels = (options: CommonAgentOptions): string[] => entriesOf(options).map(({ model }) => model)

/** What is wrong with them would fail at every call. */
const settingsGiven = (options: CommonAgentOptions, tools: ReadonlyMap<string, Tool>): Pick<Agent, 'models' | 'modelSettings'> => {
  const checked = (field: string, given: unknown, models: readonly string[]): ModelSettings => {
    try {
      return checkedSettings(given, { tools: tools.keys(), models })
    } catch (error) {
      throw invalidAgent(options.name, field, 'settings that a model can be called with', messageOf(error))
    }
  }
  const all = namesOfModels(options)
  const modelSettings = checked('modelSettings', options.modelSettings ?? {}, all)
  const models = entriesOf(options).map(({ model, settings, ...others }): ModelEntry => {
    const [other] = Object.keys(others)
    if (other !== undefined) throw invalidAgent(options.name, `models: ${model}`, 'a model and its `settings`', other)
    if (settings === undefined) return { model }
    const own = checked(`models: ${model}`, settings, [model])
    checked(`models: ${model}`, layered(modelSettings, own), all)
    return { model, settings: own }
  })
  return { modelSettings, models }
}

/** A tool that reads what its agent does not fold would fail at every call. */
const checkProjections = ({ name, tools = [], projections = [] }: CommonAgentOptions): void => {
  const names = projections.map((projection) => projection.name)
  for (const tool of tools) {
    const missing = tool.projections.find((read) => !names.includes(read.name))
    if (missing !== undefined)
      throw invalidAgent(name, 'projections', `all that its tools read`, `none called ${missing.name}, which ${tool.name} reads`)
  }
}

const promptOf = (options: Whole, tools: ReadonlyMap<string, Tool>, modelSettings: ModelSettings): Prompt => {
  const output = outputOf(options)
  return {
    instructions: typeof options.instructions === 'string' ? options.instructions : '',
    tools: [...tools.values()].map(toolDeclaration),
    settings: modelSettings as JsonObject,
    ...(output === undefined ? {} : { output: { name: options.name, schema: outputSchema(options.name, output) } }),
  }
}

const outputSchema = (agent: string, output: z.ZodType): JsonObject => {
  const problem = jsonShapeProblem(output, 'input') ?? jsonShapeProblem(output, 'output')
  if (problem !== undefined) throw invalidAgent(agent, 'output', CHECKABLE, problem)
  try {
    const { $schema: _, ...schema } = z.toJSONSchema(output, { io: 'input' })
    return JSON.parse(JSON.stringify(schema)) as JsonObject
  } catch (cause) {
    throw invalidAgent(agent, 'output', 'what JSON Schema can describe', messageOf(cause))
  }
}

const CHECKABLE = 'what JSON can carry and can be checked at once'
