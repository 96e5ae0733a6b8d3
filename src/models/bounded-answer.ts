import { beginning } from '../text.ts'
import { attempted, messageOf } from '../errors.ts'
import { textPart } from '../events/content.ts'
import { type AssistantPart, type Usage, modelFailureClass, opaquePart, toolCallPart, usage } from '../events/message.ts'
import { present } from '../present.ts'
import { estimatedUsage } from './estimated-usage.ts'
import type { ModelAnswer, ModelFailure, ModelOutcome, ModelRequest } from './model.ts'
import { z } from 'zod'
import { boundedJson } from '../json.ts'

/** Unless the agent says otherwise: more than any vendor gives in one answer. */
export const DEFAULT_TOOL_CALLS = 128
/** What an agent may allow. */
export const MOST_TOOL_CALLS = 1_000

const MOST_PARTS = 2_000
/** UTF-16 units of the JSON of all parts. */
const LONGEST_PARTS = 8 * 1024 * 1024

/** Of what is no payload, in UTF-16 units. */
const LONGEST_NAME = 200
const LONGEST_ID = 1_000
const MOST_DROPPED = 50

/**
 * What of an outcome that an adapter gives is recorded. An answer beyond the bounds is a failed call, before anything of it is copied or folded: what
 * was cut off would have been meant, too. Names are cut, and numbers that nobody can have counted are estimated anew; `dropped` says so.
 * Never throws.
 */
export const boundedAnswer = (given: unknown, request: ModelRequest, maxToolCalls: number): ModelOutcome => {
  const counted = attempted(
    () => given,
    (outcome) => tooMany(outcome, maxToolCalls),
  )
  if (counted.ok && counted.value !== undefined) return counted.value(request)
  const outcome = readOutcome(given)
  if (!outcome.ok) return present({ ...outcome, ...boundedIds(outcome) })
  const problem = numberProblem(outcome.parts, maxToolCalls) ?? lengthProblem(outcome.parts)
  return problem === undefined ? bounded(outcome, request) : refused(problem, outcome.usage, request)
}

const refused = (problem: string, usage: Usage | undefined, request: ModelRequest): ModelFailure => ({
  ok: false,
  class: 'protocol',
  message: `the answer ${problem}`,
  usage: usage ?? estimatedUsage(request, []),
})

/** Whether an answer has so many parts that not even a copy of them is made. */
const tooMany = (given: unknown, maxToolCalls: number): ((request: ModelRequest) => ModelFailure) | undefined => {
  if (typeof given !== 'object' || given === null || !('parts' in given)) return undefined
  const { parts, ...others } = given
  if (!Array.isArray(parts) || parts.length <= MOST_PARTS) return undefined
  const problem = numberProblem(parts as readonly { readonly type?: unknown }[], maxToolCalls)
  const rest = readOutcome({ ...others, parts: [] })
  return problem === undefined || !rest.ok ? undefined : (request) => refused(problem, rest.usage, request)
}

const numberProblem = (parts: readonly { readonly type?: unknown }[], maxToolCalls: number): string | undefined => {
  const calls = parts.reduce((count, part) => count + (part.type === 'toolCall' ? 1 : 0), 0)
  if (calls > maxToolCalls) return `asks for ${calls} tool calls at once, of which the agent allows ${maxToolCalls}`
  return parts.length > MOST_PARTS ? `has ${parts.length} parts, of which ${MOST_PARTS} are allowed` : undefined
}

const lengthProblem = (parts: readonly AssistantPart[]): string | undefined => {
  const length = parts.reduce((sum, part) => sum + lengthOf(part), 0)
  return length > LONGEST_PARTS ? `has more than ${LONGEST_PARTS} characters` : undefined
}

const lengthOf = (part: AssistantPart): number => {
  switch (part.type) {
    case 'text':
      return part.text.length
    case 'toolCall':
      return part.argumentsText.length + part.name.length + part.id.length
    case 'image':
    case 'file':
      return JSON.stringify(part).length
    case 'opaque':
      return JSON.stringify(part.content).length
  }
}

const bounded = (answer: Extract<ReadOutcome, { readonly ok: true }>, request: ModelRequest): ModelAnswer => {
  const parts = answer.parts.map(boundedPart)
  const dropped = [
    ...answer.dropped.slice(0, MOST_DROPPED).map((word) => beginning(word, LONGEST_NAME)),
    ...(parts.every((part, index) => part === answer.parts[index]) ? [] : ['long names']),
    ...(answer.usage === undefined ? ['usage'] : []),
  ]
  return {
    ...answer,
    ...boundedIds(answer),
    parts,
    dropped,
    stop: beginning(answer.stop, LONGEST_NAME),
    model: beginning(answer.model, LONGEST_NAME),
    usage: answer.usage ?? estimatedUsage(request, parts),
  }
}

const boundedPart = (part: AssistantPart): AssistantPart => {
  if (part.type === 'toolCall' && (part.name.length > LONGEST_NAME || part.id.length > LONGEST_ID))
    return { ...part, name: beginning(part.name, LONGEST_NAME), id: beginning(part.id, LONGEST_ID) }
  if (part.type === 'opaque' && part.vendor.length > LONGEST_NAME) return { ...part, vendor: beginning(part.vendor, LONGEST_NAME) }
  return part
}

const boundedIds = ({ requestId, responseId }: Pick<ModelAnswer, 'requestId' | 'responseId'>) => ({
  ...(requestId === undefined ? {} : { requestId: beginning(requestId, LONGEST_ID) }),
  ...(responseId === undefined ? {} : { responseId: beginning(responseId, LONGEST_ID) }),
})

/** Of the JSON of one outcome: several times as much as any vendor gives. */
const MAX_OUTCOME_BYTES = 16 * 1024 * 1024
const MOST_PROBLEMS = 3
/** No model reads or writes so much in one call. */
const MOST_TOKENS = 100_000_000
const MAX_USAGE_BYTES = 1_000

// What is not named here is left out: an adapter may carry more for its own use.
const part = z.discriminatedUnion('type', [z.object(textPart.shape), z.object(toolCallPart.shape), z.object(opaquePart.shape)])

const outcome = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    parts: z.array(part),
    stop: z.string(),
    model: z.string(),
    responseId: z.string().optional(),
    requestId: z.string().optional(),
    dropped: z.array(z.string()).default([]),
  }),
  z.object({
    ok: z.literal(false),
    class: modelFailureClass,
    message: z.string(),
    status: z.int().optional(),
    requestId: z.string().optional(),
    retryAfterMs: z.number().nonnegative().optional(),
  }),
])

/** `usage` is undefined where nobody can have counted it. */
export type ReadOutcome = (Omit<ModelAnswer, 'usage'> & { readonly usage: Usage | undefined }) | ModelFailure

/**
 * What an adapter gave, as a copy that it cannot change any more. An adapter may be the user's own: what is no outcome is
 * a failed call of the class `protocol`. Never throws.
 */
const readOutcome = (given: unknown): ReadOutcome => {
  try {
    const { counted, others } = usageApart(given)
    const read = outcome.safeParse(boundedJson(others, { maxBytes: MAX_OUTCOME_BYTES }))
    if (!read.success) return noOutcome(problemsIn(read.error))
    const usage = readUsage(counted)
    if (read.data.ok) return { ...(read.data as Omit<ModelAnswer, 'usage'>), usage }
    return { ...(read.data as ModelFailure), ...present({ usage }) }
  } catch (thrown) {
    return noOutcome(messageOf(thrown))
  }
}

/** An answer is none the less for numbers that cannot be. */
const usageApart = (given: unknown): { readonly counted: unknown; readonly others: unknown } => {
  if (typeof given !== 'object' || given === null || Object.getPrototypeOf(given) !== Object.prototype)
    return { counted: undefined, others: given }
  const { usage: counted, ...others } = given as { readonly usage?: unknown }
  return { counted, others }
}

/** A number below zero would give back what other calls have spent. */
const readUsage = (counted: unknown): Usage | undefined => {
  try {
    const read = usage.safeParse(boundedJson(counted, { maxBytes: MAX_USAGE_BYTES }))
    return read.success && Object.values(read.data).every((tokens) => tokens <= MOST_TOKENS) ? read.data : undefined
  } catch {
    return undefined
  }
}

const problemsIn = ({ issues }: z.ZodError): string =>
  issues
    .slice(0, MOST_PROBLEMS)
    .map(({ path, message }) => `${path.length === 0 ? 'it' : path.join('.')}: ${message}`)
    .join(', ')

const noOutcome = (problem: string): ModelFailure => ({
  ok: false,
  class: 'protocol',
  message: `the adapter of the model gave what is no answer: ${problem}`,
})
