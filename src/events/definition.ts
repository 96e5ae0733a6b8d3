import { z } from 'zod'
import { sha256 } from '../hash.ts'
import { canonicalJson } from '../json.ts'

/** What a tool does to the world: nothing, the same however often, or something that must never happen twice. */
export const toolEffect = z.enum(['read', 'idempotent', 'once'])
export type ToolEffect = z.infer<typeof toolEffect>

/**
 * What the code of an agent was when a run began with it, as far as it is not in the settings: so that a change under the same version
 * is noticed. All hashes are 16 hexadecimal digits, but that of the prompt.
 */
export const definition = z.strictObject({
  /** Of the functions of a chart of the user's own. Those of the two charts of Refold are vouched for by its own histories. */
  code: z.string().optional(),
  promptHash: z.string(),
  /** Of the function that makes the instructions of a run. */
  instructions: z.string().optional(),
  /** Of the settings that single models have, and of the function that prepares a model call. Those of all calls are in the prompt. */
  modelCalls: z.string().optional(),
  /** By name: what it does to the world, and hashes of its input schema and of what asks for its approval. */
  tools: z.record(z.string(), z.strictObject({ effect: toolEffect, input: z.string(), approval: z.string() })),
  /** By place and name, as `input no-secrets`: a hash of its code. */
  guardrails: z.record(z.string(), z.string()),
  /** Version of the rules by which events are folded. */
  fold: z.int().positive(),
})
export type Definition = z.infer<typeof definition>

/** Of the whole definition: what a list compares. */
export const definitionHash = (of: Definition): string => sha256(canonicalJson(of)).slice(0, 16)

/** What differs, in words; nothing where all is the same. */
export const definitionChanges = (recorded: Definition, now: Definition): string[] => [
  ...(recorded.code === now.code ? [] : ['the code of the chart']),
  ...(recorded.fold === now.fold ? [] : ['the fold']),
  ...(recorded.promptHash === now.promptHash ? [] : ['the prompt']),
  ...(recorded.instructions === now.instructions ? [] : ['what makes the instructions']),
  ...(recorded.modelCalls === now.modelCalls ? [] : ['the settings of model calls']),
  ...membersOf(recorded.tools, now.tools).flatMap(([name, before, after]) => toolChanges(name, before, after)),
  ...membersOf(recorded.guardrails, now.guardrails).flatMap(([name, before, after]) => {
    if (before === after) return []
    return [`the guardrail ${name}${lifeOf(before, after)}`]
  }),
]

type ToolDefinition = Definition['tools'][string]

const toolChanges = (name: string, before: ToolDefinition | undefined, after: ToolDefinition | undefined): string[] => {
  if (before === undefined || after === undefined) return [`the tool ${name}${lifeOf(before, after)}`]
  return [
    ...(before.effect === after.effect ? [] : [`the effect of ${name} (${before.effect}, now ${after.effect})`]),
    ...(before.input === after.input ? [] : [`the input of ${name}`]),
    ...(before.approval === after.approval ? [] : [`the approval of ${name}`]),
  ]
}

const lifeOf = (before: unknown, after: unknown): string => {
  if (after === undefined) return ' is gone'
  return before === undefined ? ' is new' : ''
}

const membersOf = <Value>(
  before: Readonly<Record<string, Value>>,
  after: Readonly<Record<string, Value>>,
): [name: string, before: Value | undefined, after: Value | undefined][] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().map((name) => [name, before[name], after[name]])
