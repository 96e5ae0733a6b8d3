import { attempted } from '../../errors.ts'
import type { ModelSettings, ToolChoice } from '../../events/model-settings.ts'
import { asideOf } from '../../fold/prompt.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import type { CallModelParams } from '../../machines/intents.ts'
import { forcesTool } from '../../models/model.ts'
import { messagesOf } from '../../projections/transcript.ts'
import type { Agent } from '../agent.ts'
import { checkedSettings, layered, providerOf, type NextModelCall } from '../model-settings.ts'
import { pointOfRun } from '../run-context.ts'

/**
 * The settings of the next attempt of a model call, as its claim records them: of the agent, of the model, of the call as it was prepared, of
 * what a chart asks; and after an answer that was cut, a higher limit. Undefined where there are none, nor any of the agent. Throws, in words, where code of the agent fails.
 */
export const settingsOfCall = (agent: Agent, state: RunState, owed: Owed, model: string): ModelSettings | undefined => {
  const params = owed.params as CallModelParams
  const ofEntry = entryFor(agent, params.model ?? 0, model)
  const standing = ofEntry === undefined ? agent.modelSettings : layered(agent.modelSettings, ofEntry)
  const isAnswer = purposeOf(params) === 'answer'
  const chosen = isAnswer ? { ...standing, toolChoice: standingChoice(state, standing.toolChoice) } : standing
  const prepared = preparedSettings(agent, state, owed, model)
  const raised = raisedLimit(state, owed)
  // What stands was checked when the agent was defined.
  const isChecked = prepared === undefined && params.settings === undefined && raised === undefined
  const { toolChoice, providerOptions, ...settings } = isChecked
    ? chosen
    : checkedSettings(layered(chosen, prepared, params.settings, raised), knownTo(agent, model))
  const provider = providerOf(model)
  const options = providerOptions?.[provider]
  const all: ModelSettings = {
    ...settings,
    ...(toolChoice !== undefined && isAnswer && { toolChoice }),
    ...(options !== undefined && { providerOptions: { [provider]: options } }),
  }
  return Object.keys({ ...agent.modelSettings, ...all }).length === 0 ? undefined : all
}

const knownTo = (agent: Agent, model: string): Parameters<typeof checkedSettings>[1] => ({
  tools: agent.tools.keys(),
  models: [model, ...agent.models.map((entry) => entry.model)],
})

const purposeOf = (params: CallModelParams): NextModelCall['purpose'] =>
  asideOf(params) === undefined ? (params.purpose ?? 'answer') : 'aside'

/** A run that has moved here has the models that it was started with. */
const entryFor = ({ models }: Agent, index: number, model: string): ModelSettings | undefined =>
  (models[index]?.model === model ? models[index] : models.find((entry) => entry.model === model))?.settings

/** Forced for good, a model would call tools for ever. */
const standingChoice = ({ budget }: RunState, choice: ToolChoice | undefined): ToolChoice | undefined =>
  choice !== undefined && forcesTool(choice) && budget.hasCalled ? undefined : choice

const preparedSettings = (agent: Agent, state: RunState, owed: Owed, model: string): ModelSettings | undefined => {
  const { prepareModelCall } = agent
  if (prepareModelCall === undefined) return undefined
  const prepared = attempted(
    () => prepareModelCall(nextCall(agent, state, owed, model)),
    (found: unknown) => {
      if (found === undefined) return undefined
      if (typeof found !== 'object' || found === null) throw new Error(`expected settings, found ${found === null ? 'null' : typeof found}`)
      // Of a Map nothing would be read, and nothing said.
      if (![Object.prototype, null].includes(Object.getPrototypeOf(found) as object | null))
        throw new Error('expected settings as a plain object, found another')
      return found
    },
  )
  if (prepared.ok) return prepared.value
  throw new Error(`prepareModelCall failed: ${prepared.problem}`)
}

const nextCall = (agent: Agent, state: RunState, { attempt, params }: Owed, model: string): NextModelCall => ({
  ...pointOfRun(agent, state, state.messageData.read),
  model,
  purpose: purposeOf(params),
  turn: Math.max(1, state.budget.turn),
  step: state.budget.iterations + (attempt === 1 ? 1 : 0),
  attempt,
  toolCalls: state.budget.toolCalls,
  messages: messagesOf(state.transcript),
})

/** An answer that was cut is asked for again under a higher limit, of the same model. */
const raisedLimit = ({ retried }: RunState, owed: Owed): ModelSettings | undefined => {
  const { modelAttempt = owed.attempt } = owed.params as CallModelParams
  if (retried?.callId !== owed.key || retried.maxOutputTokens === undefined || modelAttempt === 1) return undefined
  return { maxOutputTokens: retried.maxOutputTokens }
}
