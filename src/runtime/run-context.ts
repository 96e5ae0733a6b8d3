import { AppError } from '../errors.ts'
import type { RunState } from '../fold/run-state.ts'
import { deepFrozen } from '../json.ts'
import type { ReadableProjection, RunContext } from '../projections/run-context.ts'
import type { Tool } from '../tools/tool.ts'
import type { Agent } from './agent.ts'
import { checkedJson } from './checked-json.ts'

/** For guardrails, which are the agent's own. */
export const contextOfRun = (agent: Agent, state: RunState): RunContext => ({
  runId: state.runId,
  tenant: state.started.tenant,
  context: state.started.context ?? null,
  projection: (wanted) => stateOf(agent, state, wanted),
})

/** Whoever reads its `context` gets an `InvalidInput` where that of the run is not what the tool needs. Code that reads none is not kept from anything. */
export const contextForTool = (agent: Agent, state: RunState, tool: Tool): RunContext => ({
  ...contextOfRun(agent, state),
  get context() {
    return contextAs(tool, state)
  },
  projection: (wanted) => {
    if (!tool.projections.some(({ name }) => name === wanted.name))
      throw new Error(`${tool.name} reads the projection ${wanted.name}, but does not declare it in its \`projections\``)
    return stateOf(agent, state, wanted)
  },
})

const contextAs = (tool: Tool, { started: { context = null } }: RunState): unknown => {
  if (tool.context === undefined) return context
  const checked = checkedJson(tool.context, context)
  if (checked.ok) return deepFrozen(checked.value)
  throw new AppError('InvalidInput', `Expected the context that ${tool.name} needs, found another: ${checked.cause ?? checked.problem}`)
}

const stateOf = <State>({ id, program }: Agent, { projections }: RunState, { name }: ReadableProjection<State>): State => {
  const index = program.projections.findIndex((projection) => projection.name === name)
  if (index < 0) throw new Error(`${id} has no projection ${name}`)
  return readOnly(projections[index]) as State
}

/** What was found to be plain and frozen all the way down. */
const shareable = new WeakSet()

/**
 * The state of a projection as others may have it: plain objects and arrays themselves, frozen, so that reading a large one again costs
 * nothing; all else (a Map, a Date, an instance) as a copy, and with it what holds it. Throws where `structuredClone` cannot copy it, as it
 * cannot a function.
 */
export const readOnly = <State>(state: State): State => shared(state, new Set()) as State

const shared = (value: unknown, above: Set<object>): unknown => {
  if (typeof value !== 'object' || value === null) return structuredClone(value)
  // That its owner has frozen it says nothing of what it holds.
  if (shareable.has(value)) return value
  if (above.has(value)) throw new TypeError('a state that holds itself cannot be read')
  above.add(value)
  const read = isPlain(value) ? sharedPlain(value, above) : copied(value, above)
  above.delete(value)
  return read
}

const isPlain = (value: object): value is Readonly<Record<string, unknown>> => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || prototype === Array.prototype
}

const sharedPlain = (value: Readonly<Record<string, unknown>>, above: Set<object>): unknown => {
  const members = Object.entries(value).map(([key, member]) => [key, shared(member, above)] as const)
  if (members.every(([key, member]) => member === value[key])) {
    shareable.add(value)
    return Object.freeze(value)
  }
  return Array.isArray(value) ? members.map(([, member]) => member) : Object.fromEntries(members)
}

const copied = (value: object, above: Set<object>): unknown => {
  if (value instanceof Map) return new Map([...value].map(([key, member]) => [shared(key, above), shared(member, above)] as const))
  if (value instanceof Set) return new Set([...value].map((member) => shared(member, above)))
  return structuredClone(value)
}
