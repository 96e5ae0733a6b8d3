import { z } from 'zod'
import { json } from './message.ts'

/** What every vendor takes. */
const MOST_STOP_SEQUENCES = 4
const LONGEST_STOP_SEQUENCE = 200
/** Below it no vendor thinks. */
const SMALLEST_THINKING_BUDGET = 1_024

/**
 * Whether the model is to call a tool: as it likes (`auto`, by default), at least one (`required`), none, or the one that is named.
 * Which of them it calls is checked as any other call is.
 */
export const toolChoice = z.union([z.enum(['auto', 'required', 'none']), z.strictObject({ tool: z.string().min(1) })])
export type ToolChoice = z.infer<typeof toolChoice>

/** What a model is asked beside its prompt. What a vendor cannot carry is left out and named in `dropped` of the answer. */
export const modelSettings = z.strictObject({
  maxOutputTokens: z.int().positive().optional(),
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().min(0).max(1).optional(),
  seed: z.int().optional(),
  /** Texts at which an answer ends; up to four. */
  stopSequences: z
    .array(
      z
        .string()
        .max(LONGEST_STOP_SEQUENCE)
        .refine((text) => text.trim() !== '', 'expected a text that is not blank'),
    )
    .max(MOST_STOP_SEQUENCES)
    .readonly()
    .optional(),
  /** How much it thinks, in the words of the vendors; not each has all of them. */
  reasoningEffort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).optional(),
  /** How long it may think before it answers: as long as it likes, not at all, or within so many tokens of its output. */
  thinking: z.union([z.enum(['adaptive', 'off']), z.strictObject({ budgetTokens: z.int().min(SMALLEST_THINKING_BUDGET) })]).optional(),
  /** `false` asks for one tool call an answer at most; a vendor may not obey. */
  parallelToolCalls: z.boolean().optional(),
  /** A choice that forces a call holds until the model has made one in the turn. */
  toolChoice: toolChoice.optional(),
  /** By provider: fields of its requests that have no name here, as `{ openai: { service_tier: 'flex' } }`. */
  providerOptions: z.record(z.string(), z.record(z.string(), json)).optional(),
})
export type ModelSettings = Readonly<z.infer<typeof modelSettings>>
