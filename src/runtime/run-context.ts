import { AppError } from '../errors.ts'
import type { RunState } from '../fold/run-state.ts'
import { deepFrozen } from '../json.ts'
import { readOnly } from '../projections/read-only.ts'
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
