import { AppError } from '../../errors.ts'
import type { Limits } from '../../events/limits.ts'
import type { RunSettings } from '../../events/run-events.ts'
import { providerIn } from '../../models/model.ts'
import type { Agent } from '../agent.ts'
import { checkedJson } from '../checked-json.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import type { SealOptions } from '../seal-options.ts'

interface Asked extends Pick<SealOptions, 'real' | 'simulate' | 'costUsd' | 'modelCalls'> {
  /** In place of every model of the run. */
  readonly model?: string | undefined
  /** With that model. */
  readonly settings: Pick<RunSettings, 'models'>
  readonly limits: Limits | undefined
}

/** Throws `InvalidInput` for names that nobody here has and outputs that no tool gives, `UnknownPrice` for a limit that would limit nothing. */
export const checkSeal = (parts: RuntimeParts, agent: Agent, asked: Asked): void => {
  checkNames(parts, agent, asked)
  checkModel(parts, asked)
}

const checkNames = ({ agents }: RuntimeParts, agent: Agent, { real = [], simulate = {} }: Asked): void => {
  const tools = [...agent.tools.keys()]
  const known = new Set([...tools, ...agents.all().map(({ name }) => name)])
  for (const name of real)
    if (!agent.tools.has(name)) throw invalid(`Expected tools of ${agent.id} (${tools.join(', ') || 'none'}) as real, found ${name}`)
  for (const [name, output] of Object.entries(simulate)) {
    if (!known.has(name))
      throw invalid(`Expected tools of ${agent.id} (${tools.join(', ') || 'none'}) or agents to simulate, found ${name}`)
    checkOutput(agent, name, output)
  }
}

/** Throws `InvalidInput`. */
export const checkOutput = (agent: Agent, name: string, output: unknown): void => {
  const tool = agent.tools.get(name)
  const checked = tool === undefined ? undefined : checkedJson(tool.output, output)
  if (checked?.ok === false) throw invalid(`Expected an output of ${name}, found something else: ${checked.problem}`)
}

const ONE_TOKEN = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 }

const isGiven = (limit: number | null | undefined): boolean => limit !== undefined && limit !== null

/** A limit on a model whose price nobody knows limits nothing. */
const checkModel = (parts: RuntimeParts, { settings: { models }, limits, model, costUsd, modelCalls }: Asked): void => {
  const provider = model?.slice(0, model.indexOf('/'))
  if (provider !== undefined && providerIn(parts.models, provider) === undefined)
    throw invalid(`Expected a model of ${Object.keys(parts.models).join(', ') || '(no provider)'}, found ${model}`)
  const isLimited = isGiven(costUsd) || (model !== undefined && isGiven(limits?.costMicroUsd))
  const unpriced = isLimited && modelCalls !== 0 ? models.filter((name) => parts.costOf(name, ONE_TOKEN) === undefined) : []
  if (unpriced.length > 0) throw new AppError('UnknownPrice', `The run has a money limit, but no price is known for ${unpriced.join(', ')}`)
}

const invalid = (message: string): AppError => new AppError('InvalidInput', message)
