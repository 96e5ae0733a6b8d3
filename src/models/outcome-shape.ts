import { z } from 'zod'
import { boundedJson } from '../bounded-json.ts'
import { messageOf } from '../errors.ts'
import { modelFailureClass, opaquePart, textPart, toolCallPart, usage } from '../events/message.ts'
import type { ModelOutcome } from './model.ts'

/** Of the JSON of one outcome: several times as much as any vendor gives. */
const MAX_OUTCOME_BYTES = 16 * 1024 * 1024
const MOST_PROBLEMS = 3

// What is not named here is left out: an adapter may carry more for its own use.
const part = z.discriminatedUnion('type', [z.object(textPart.shape), z.object(toolCallPart.shape), z.object(opaquePart.shape)])

const outcome = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    parts: z.array(part),
    stop: z.string(),
    usage,
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
    usage: usage.optional(),
  }),
])

/**
 * What an adapter gave, as a copy that it cannot change any more. An adapter may be the user's own: what is no outcome is
 * a failed call of the class `protocol`. Never throws.
 */
export const readOutcome = (given: unknown): ModelOutcome => {
  try {
    const read = outcome.safeParse(boundedJson(given, { maxBytes: MAX_OUTCOME_BYTES }))
    return read.success ? (read.data as ModelOutcome) : noOutcome(problemsIn(read.error))
  } catch (thrown) {
    return noOutcome(messageOf(thrown))
  }
}

const problemsIn = ({ issues }: z.ZodError): string =>
  issues
    .slice(0, MOST_PROBLEMS)
    .map(({ path, message }) => `${path.length === 0 ? 'it' : path.join('.')}: ${message}`)
    .join(', ')

const noOutcome = (problem: string): ModelOutcome => ({
  ok: false,
  class: 'protocol',
  message: `the adapter of the model gave what is no answer: ${problem}`,
})
