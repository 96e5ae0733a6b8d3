import { z } from 'zod'
import { messageOf } from '../errors.ts'
import type { Definition } from '../events/definition.ts'
import type { ModelSettings } from '../events/model-settings.ts'
import type { RunSettings } from '../events/run-events.ts'
import { checkSpec, invalidAgent, settingsOf, type AgentSpec, type AgentSpecOptions, type RunSpec } from '../fold/agent-spec.ts'
import { programOf } from '../fold/program.ts'
import { promptHash, promptText, type Prompt } from '../fold/prompt.ts'
import type { Program } from '../fold/run-state.ts'
import type { ActionGuardrail, Guardrails, TextGuardrail } from '../guardrails/guardrail.ts'
import { refuseUnknownMembers, type OptionNames } from '../known-options.ts'
import { deepFrozen, type JsonObject } from '../json.ts'
import { agentRun } from '../machines/agent-run.ts'
import { runIntents } from '../machines/intents.ts'
import { defaultFailurePolicy, failureRules, type FailurePolicy } from '../machines/model-failure-policy.ts'
import { DEFAULT_TOOL_CALLS, MOST_TOOL_CALLS } from '../models/bounded-answer.ts'
import { present } from '../present.ts'
import { assertChart } from '../statechart/validate.ts'
import { jsonShapeProblem } from '../tools/json-shape.ts'
import { toolDeclaration } from '../tools/tool-declaration.ts'
import type { Tool } from '../tools/tool.ts'
import {
  refuseUnknownOptionsOf,
  type AgentOptions,
  type ChartOptions,
  type CommonAgentOptions,
  type OnSpec,
  type WholeOptions,
} from './agent-options.ts'
import { checkedJson } from './checked-json.ts'
import { definitionOf } from './code/definition.ts'
import { checkedSettings, layered, type ModelEntry, type NextModelCall } from './model-settings.ts'

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
  const options = 'spec' in given ? withSpec(given) : given
  refuseUnknownOptionsOf(options)
  return agentOf(options, 'spec' in given ? given.spec.program : undefined)
}

const agentOf = (options: WholeOptions, program: Program | undefined): Agent => {
  checkSpec(options)
  checkNames(options)
  checkFailurePolicy(options)
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

const checkedProgram = (options: WholeOptions, settings: RunSettings): Program => {
  const chart = 'chart' in options ? options.chart : agentRun
  assertChart(chart, { intents: new Set<string>(runIntents), probeInput: { settings, input: probeOf(options) } })
  return programOf(chart, options.projections ?? [])
}

/** All options, wherever they stand. What stands in the spec stands there alone. */
const withSpec = ({ spec, ...rest }: OnSpec<AgentOptions<unknown>> | OnSpec<ChartOptions>): WholeOptions => {
  const { tools: _, ...ofSpec } = present(spec.options)
  const double = Object.keys(present(rest)).find((field) => SPEC_FIELDS.has(field))
  if (double !== undefined) throw invalidAgent(spec.name, double, 'absent beside a `spec`, in which it stands', 'one')
  if ('chart' in ofSpec && 'output' in rest && rest.output !== undefined)
    throw invalidAgent(spec.name, 'output', 'absent where the spec has a chart of its own', 'a schema')
  checkImplemented(spec, rest.tools ?? [])
  return { ...ofSpec, ...rest } as WholeOptions
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
const guardrailsOf = ({ input = [], output = [], action = [] }: Guardrails): Guardrails => {
  for (const guardrail of [...input, ...output, ...action]) refuseUnknownMembers(`guardrail "${guardrail.name}"`, guardrail, GUARDRAIL)
  return { input: Object.freeze([...input]), output: Object.freeze([...output]), action: Object.freeze([...action]) }
}

const GUARDRAIL: OptionNames<TextGuardrail & ActionGuardrail> = { name: true, dependencies: true, check: true }

const outputOf = (options: WholeOptions): z.ZodType | undefined => ('chart' in options ? undefined : options.output)

const inputOf = (options: WholeOptions): z.ZodType | undefined => {
  return 'chart' in options ? initialSchema(options.name, 'input', options.input) : undefined
}

/** Of what a run begins with, or a message comes with: it is JSON before and after. */
const initialSchema = (agent: string, field: 'input' | 'context' | 'messageData', schema: z.ZodType | undefined): z.ZodType | undefined => {
  const problem = schema && (jsonShapeProblem(schema, 'input') ?? jsonShapeProblem(schema, 'output'))
  if (problem !== undefined) throw invalidAgent(agent, field, CHECKABLE, problem)
  return schema
}

/** What the chart would be given of it. */
const probeOf = (options: WholeOptions): unknown => {
  if (!('chart' in options) || options.input === undefined || options.probeInput === undefined)
    return 'chart' in options ? options.probeInput : undefined
  const checked = checkedJson(options.input, options.probeInput)
  if (!checked.ok) throw invalidAgent(options.name, 'probeInput', 'what its `input` takes', checked.problem)
  return checked.value
}

const checkNames = (options: WholeOptions): void => {
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

const wholeSettings = (options: WholeOptions): RunSettings => {
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

/** A class or a number that nobody can read would decide nothing, and not say so. */
const checkFailurePolicy = ({ name, failurePolicy = {} }: CommonAgentOptions): void => {
  const checked = failureRules.safeParse(failurePolicy)
  if (!checked.success) throw invalidAgent(name, 'failurePolicy', 'rules by class of failure', z.prettifyError(checked.error))
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

const promptOf = (options: WholeOptions, tools: ReadonlyMap<string, Tool>, modelSettings: ModelSettings): Prompt => {
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
