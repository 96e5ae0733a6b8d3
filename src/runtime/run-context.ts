import type { z } from 'zod'
import { AppError } from '../errors.ts'
import type { RunState } from '../fold/run-state.ts'
import { deepFrozen, type Json } from '../json.ts'
import { readOnly } from '../projections/read-only.ts'
import type { ReadableProjection, RunContext, RunPoint } from '../projections/run-context.ts'
import type { Tool } from '../tools/tool.ts'
import type { Agent } from './agent.ts'
import { checkedJson } from './checked-json.ts'

/** For what decides about a model call. `messageData`: of the message that led here. */
export const pointOfRun = (agent: Agent, state: RunState, messageData: Json): RunPoint => ({
  runId: state.runId,
  tenant: state.started.tenant,
  context: state.started.context ?? null,
  messageData,
  projection: (wanted) => stateOf(agent, state, wanted),
})

/** For guardrails, which are the agent's own. */
export const contextOfRun = (agent: Agent, state: RunState, messageData: Json): RunContext => ({
  ...pointOfRun(agent, state, messageData),
  dependencies: agent.dependencies,
})

/**
 * For the code of the tool of an open call. Whoever reads its `context` or `messageData` gets an `InvalidInput` where it is not what the tool needs.
 * Code that reads none is not kept from anything.
 */
export const contextForTool = (
  agent: Agent,
  state: RunState,
  { tool, callId }: { readonly tool: Tool; readonly callId: string },
): RunContext => {
  const context = {
    runId: state.runId,
    tenant: state.started.tenant,
    context: state.started.context ?? null,
    messageData: dataOfCall(state, callId),
    dependencies: Object.fromEntries(Object.keys(tool.dependencies).map((name) => [name, agent.dependencies[name]])),
    projection: <State>(wanted: ReadableProjection<State>): State => {
      if (!tool.projections.some(({ name }) => name === wanted.name))
        throw new Error(`${tool.name} reads the projection ${wanted.name}, but does not declare it in its \`projections\``)
      return stateOf(agent, state, wanted)
    },
  }
  checkWhenRead(tool, context, 'context')
  checkWhenRead(tool, context, 'messageData')
  return context
}

type Given = Pick<RunContext<Json, Json>, 'context' | 'messageData'>

const checkWhenRead = (tool: Tool, given: Given, field: keyof Given): void => {
  const schema = tool[field]
  const value = given[field]
  if (schema !== undefined) Object.defineProperty(given, field, { enumerable: true, get: () => asNeeded(tool, { field, schema, value }) })
}

/** Of the message that led to a call. */
export const dataOfCall = ({ calls }: RunState, callId: string): Json => calls.get(callId)?.data ?? null

interface Needed {
  readonly field: keyof Given
  readonly schema: z.ZodType
  readonly value: Json
}

const asNeeded = (tool: Tool, { field, schema, value }: Needed): unknown => {
  const checked = checkedJson(schema, value)
  if (checked.ok) return deepFrozen(checked.value)
  throw new AppError(
    'InvalidInput',
    `Expected the ${field === 'context' ? 'context' : 'data of a message'} that ${tool.name} needs, found another: ${checked.cause ?? checked.problem}`,
  )
}

const stateOf = <State>({ id, program }: Agent, { projections }: RunState, { name }: ReadableProjection<State>): State => {
  const index = program.projections.findIndex((projection) => projection.name === name)
  if (index < 0) throw new Error(`${id} has no projection ${name}`)
  return readOnly(projections[index]) as State
}
