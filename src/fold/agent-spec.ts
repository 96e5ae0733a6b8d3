import type { AnyStateMachine } from 'xstate'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { isComparable } from '../events/comparable.ts'
import type { ToolEffect } from '../events/definition.ts'
import { limits as limitsSchema, type Limits } from '../events/limits.ts'
import type { RunSettings } from '../events/run-events.ts'
import { agentRun } from '../machines/agent-run.ts'
import { refuseUnknownOptions, type OptionNames } from '../known-options.ts'
import { runIntents } from '../machines/intents.ts'
import { present } from '../present.ts'
import { checkProjection, type Projection } from '../projections/projection.ts'
import { assertChart } from '../statechart/validate.ts'
import { limitNames, limitsFrom, type LimitOptions } from './limits.ts'
import { shown } from '../text.ts'
import { programOf } from './program.ts'
import type { Program } from './run-state.ts'

/** A tool without the code that performs it. */
export interface ToolSpec<Input = unknown, Output = unknown> {
  readonly name: string
  readonly description: string
  readonly effect: ToolEffect
  readonly input: z.ZodType<Input>
  readonly output: z.ZodType<Output>
  readonly handsOver?: boolean | undefined
}

/** Keeps the types of its input and output: `defineTool({ ...spec, execute })` performs it. Throws `InvalidConfiguration` for what is no part of a spec. */
export const defineToolSpec = <Input, Output>(spec: ToolSpec<Input, Output>): ToolSpec<Input, Output> => {
  refuseUnknownOptions(
    `the spec of tool "${spec.name}"`,
    spec,
    TOOL_SPEC,
    'what performs is given to `defineTool`, as `{ ...spec, execute }`',
  )
  return spec
}

export interface AgentSpecOptions {
  readonly name: string
  /** Any text without `@`. A run keeps the version that it began with. */
  readonly version: string
  /** An XState v5 machine that asks for effects by the names of `runIntents`; the standard chart without it. */
  readonly chart?: AnyStateMachine | undefined
  /** An input that the chart can be started with: it is started once, when the spec is defined, to see that it can be refolded. */
  readonly probeInput?: unknown
  readonly limits?: LimitOptions | undefined
  /** How often a model may correct invalid arguments or output; 2 by default. */
  readonly clarifications?: number | undefined
  /** 7 days by default. */
  readonly approvalTimeoutMs?: number | undefined
  /** Folds of the run's own events, whose states its tools may read. */
  readonly projections?: readonly Projection[] | undefined
  /** An agent of this spec has a tool for each of them. */
  readonly tools?: readonly ToolSpec[] | undefined
}

/** What folds runs: an agent, or its spec. */
export interface RunSpec {
  readonly name: string
  readonly version: string
  /** `name@version` */
  readonly id: string
  /** @internal */
  readonly program: Program
}

/**
 * What an agent is without the code that performs: chart, settings, projections and what its tools take and give. Its runs can be folded
 * with it in a browser, and `defineAgent({ spec, tools, models })` makes an agent of it.
 */
export interface AgentSpec extends RunSpec {
  readonly tools: readonly ToolSpec[]
  /** @internal */
  readonly options: AgentSpecOptions
}

/** Throws `InvalidConfiguration` for options that cannot work, and `ChartInvalid` for a chart that could not be replayed. */
export const defineAgentSpec = (options: AgentSpecOptions): AgentSpec => {
  checkSpec(options)
  refuseUnknownOptions(
    `the spec of agent "${options.name}"`,
    options,
    SPEC_OPTIONS,
    'what performs or checks is given to `defineAgent`, beside the `spec`',
  )
  const { name, version, chart = agentRun, probeInput, projections = [], tools = [] } = options
  const settings: RunSettings = { ...settingsOf(options), ...withoutCode }
  assertChart(chart, { intents: new Set<string>(runIntents), probeInput: { settings, input: probeInput } })
  const kept = { ...options, projections: [...projections], tools: [...tools] }
  return { name, version, id: `${name}@${version}`, program: programOf(chart, kept.projections), tools: kept.tools, options: kept }
}

/** Of an agent that has neither models nor tools. */
const withoutCode = { models: [], checksInput: false, checksOutput: false, endsWithOutput: false, handsOver: [] }

const defaultSettings = { clarifications: 2, approvalTimeoutMs: 7 * 24 * 3_600_000 }

type SpecSettings = Pick<RunSettings, 'limits' | 'clarifications' | 'approvalTimeoutMs'>

export const settingsOf = ({ name, limits = {}, clarifications, approvalTimeoutMs }: AgentSpecOptions): SpecSettings => ({
  ...defaultSettings,
  ...present({ clarifications, approvalTimeoutMs }),
  limits: limitsOf(name, limits),
})

const limitsOf = (agent: string, options: LimitOptions): Limits => {
  refuseUnknownOptions(`agent "${agent}": limits`, options, limitNames)
  const checked = limitsSchema.safeParse(limitsFrom(options))
  if (!checked.success) throw invalidAgent(agent, 'limits', 'positive whole numbers or null', z.prettifyError(checked.error))
  return checked.data
}

export const checkSpec = ({ name, version, projections = [], tools = [] }: AgentSpecOptions): void => {
  if (!/^[a-z0-9][a-z0-9_.-]*$/i.test(name)) throw invalidAgent(name, 'name', 'letters, digits, `_`, `.` and `-`', name)
  if (version === '' || version.includes('@') || !isComparable(version))
    throw invalidAgent(name, 'version', 'a text without `@`, of 1,000 characters at most, without NUL and halves of pairs', shown(version))
  checkNames(name, 'projections', projections)
  projections.forEach(checkProjection)
  checkNames(name, 'tools', tools)
  const half = projections.find((each) => (each.save === undefined) !== (each.load === undefined))
  if (half !== undefined)
    throw invalidAgent(name, 'projections', 'ones with both `save` and `load`, or with neither', `one in ${half.name}`)
}

const SPEC_OPTIONS: OptionNames<AgentSpecOptions> = {
  name: true,
  version: true,
  chart: true,
  probeInput: true,
  limits: true,
  clarifications: true,
  approvalTimeoutMs: true,
  projections: true,
  tools: true,
}

const TOOL_SPEC: OptionNames<ToolSpec> = { name: true, description: true, effect: true, input: true, output: true, handsOver: true }

const checkNames = (agent: string, field: 'projections' | 'tools', members: readonly { readonly name: string }[]): void => {
  const names = members.map((member) => member.name)
  const double = names.find((each, index) => names.indexOf(each) !== index)
  if (double !== undefined) throw invalidAgent(agent, field, `one ${field.slice(0, -1)} a name`, `two called ${double}`)
}

export const invalidAgent = (agent: string, field: string, expected: string, found: string): AppError =>
  new AppError('InvalidConfiguration', `agent "${agent}": ${field} has to be ${expected}, found ${found}`, { details: { agent, field } })
