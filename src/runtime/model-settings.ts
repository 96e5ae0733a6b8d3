import { z } from 'zod'
import { boundedJson, deepFrozen } from '../json.ts'
import type { Message } from '../events/message.ts'
import { modelSettings, type ModelSettings } from '../events/model-settings.ts'
import { forcesTool } from '../models/model.ts'
import { ownedOption } from '../models/wire/provider-options.ts'
import { present } from '../present.ts'
import type { RunPoint } from '../projections/run-context.ts'

/** A model of an agent, `provider/model`, with what holds for it alone. */
export interface ModelEntry {
  readonly model: string
  readonly settings?: ModelSettings | undefined
}

/** A model call that is about to be made, at this point of its run. */
export interface NextModelCall<Context = unknown, Data = unknown> extends RunPoint<Context, Data> {
  /** `provider/model` */
  readonly model: string
  /** `wrapUp`: the last words under a limit. `aside`: a prompt of its own, no part of the conversation. */
  readonly purpose: 'answer' | 'wrapUp' | 'aside'
  /** 1, 2 … in the run. */
  readonly turn: number
  /** 1, 2 … in the turn: a call that is tried again is the same step. */
  readonly step: number
  /** 1, 2 … of this call. */
  readonly attempt: number
  /** So many tool calls of the turn have begun, or were asked for. */
  readonly toolCalls: number
  /** The conversation as the model is shown it. */
  readonly messages: readonly Message[]
}

/** What a prepared call is checked by. */
interface Known {
  readonly tools: Iterable<string>
  readonly models: readonly string[]
}

/** UTF-8 bytes of JSON. */
const LARGEST_SETTINGS = 16 * 1024

/** A copy that nobody can change. Throws, in words, for settings that no call could be made with. */
export const checkedSettings = (given: unknown, known: Known): ModelSettings => {
  const plain = boundedJson(given, { maxBytes: LARGEST_SETTINGS, maxDepth: 32 })
  const read = modelSettings.safeParse(plain)
  if (!read.success) throw new Error(z.prettifyError(read.error))
  const settings: ModelSettings = read.data
  const problem = choiceProblem(settings, [...known.tools]) ?? budgetProblem(settings) ?? optionProblem(settings, known.models)
  if (problem !== undefined) throw new Error(problem)
  return deepFrozen(settings)
}

const choiceProblem = ({ toolChoice }: ModelSettings, tools: readonly string[]): string | undefined => {
  if (toolChoice === undefined || !forcesTool(toolChoice)) return undefined
  if (typeof toolChoice === 'object' && !tools.includes(toolChoice.tool))
    return `the toolChoice ${toolChoice.tool}, which is none of the tools ${tools.join(', ') || '(none)'}`
  return tools.length === 0 ? 'the toolChoice required, and no tools' : undefined
}

const budgetProblem = ({ thinking, maxOutputTokens }: ModelSettings): string | undefined =>
  typeof thinking === 'object' && maxOutputTokens !== undefined && thinking.budgetTokens >= maxOutputTokens
    ? `a thinking budget of ${thinking.budgetTokens} tokens, which leaves nothing of maxOutputTokens ${maxOutputTokens}`
    : undefined

const optionProblem = ({ providerOptions = {} }: ModelSettings, models: readonly string[]): string | undefined => {
  const providers = models.map(providerOf)
  for (const [provider, options] of Object.entries(providerOptions)) {
    if (!providers.includes(provider))
      return `providerOptions of ${provider}, where the providers of its models are ${[...new Set(providers)].join(', ') || '(none)'}`
    const owned = ownedOption(options)
    if (owned !== undefined) return `providerOptions.${provider}.${owned}`
  }
  return undefined
}

export const providerOf = (model: string): string => model.slice(0, model.indexOf('/'))

/** Later ones hold; options of a provider are merged by their names. */
export const layered = (...layers: readonly (ModelSettings | undefined)[]): ModelSettings =>
  layers.reduce<ModelSettings>((below, above) => {
    if (above === undefined) return below
    const providerOptions = Object.entries(above.providerOptions ?? {}).map(
      ([provider, options]) => [provider, { ...below.providerOptions?.[provider], ...options }] as const,
    )
    return {
      ...below,
      ...present(above),
      ...(providerOptions.length > 0 && { providerOptions: { ...below.providerOptions, ...Object.fromEntries(providerOptions) } }),
    }
  }, {})
