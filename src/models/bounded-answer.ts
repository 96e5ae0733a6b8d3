import { beginning } from '../beginning.ts'
import { attempted } from '../errors.ts'
import type { AssistantPart, Usage } from '../events/message.ts'
import { present } from '../present.ts'
import { estimatedUsage } from './estimated-usage.ts'
import type { ModelAnswer, ModelFailure, ModelOutcome, ModelRequest } from './model.ts'
import { readOutcome, type ReadOutcome } from './outcome-shape.ts'

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
