import { z } from 'zod'
import { boundedJson } from '../bounded-json.ts'
import { messageOf } from '../errors.ts'
import { present } from '../present.ts'
import { modelFailureClass, opaquePart, textPart, toolCallPart, usage, type Usage } from '../events/message.ts'
import type { ModelAnswer, ModelFailure } from './model.ts'

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
export const readOutcome = (given: unknown): ReadOutcome => {
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
