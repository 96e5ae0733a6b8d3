import { z } from 'zod'
import { isTooDeep, MAX_JSON_DEPTH } from '../json.ts'
import { contentPart, filePart, imagePart, isMedia, shownContent, textContent, textPart, type Said } from './content.ts'

/** Any JSON. Checked by the text that carries it, not walked again here. */
export const json = z.custom<import('../json.ts').Json>((value) => value !== undefined)

/** The same, where it comes in: what was recorded is read however deep it is. */
export const incomingJson = z.custom<import('../json.ts').Json>(
  (value) => value !== undefined && !isTooDeep(value),
  `expected JSON of ${MAX_JSON_DEPTH} levels at most`,
)

/** `id` is the vendor's own; `argumentsText` is what the model wrote, valid JSON or not. */
export const toolCallPart = z.strictObject({
  type: z.literal('toolCall'),
  id: z.string(),
  name: z.string(),
  argumentsText: z.string(),
})

/** What only its vendor understands (reasoning, signatures): goes back verbatim to the same vendor, and to no other. */
export const opaquePart = z.strictObject({ type: z.literal('opaque'), vendor: z.string(), content: json })

export const assistantPart = z.discriminatedUnion('type', [textPart, imagePart, filePart, toolCallPart, opaquePart])

const userMessage = z.strictObject({ role: z.literal('user'), parts: z.array(contentPart) })
const assistantMessage = z.strictObject({ role: z.literal('assistant'), parts: z.array(assistantPart) })
const toolMessage = z.strictObject({
  role: z.literal('tool'),
  /** The vendor's id of the call that this answers. */
  id: z.string(),
  name: z.string(),
  parts: z.array(contentPart),
  isError: z.boolean(),
  /** Which of the answer's calls, from 0, where the vendor's id does not tell: several have it. */
  call: z.int().nonnegative().optional(),
})

export const message = z.discriminatedUnion('role', [userMessage, assistantMessage, toolMessage])

export type ToolCallPart = z.infer<typeof toolCallPart>
export type OpaquePart = z.infer<typeof opaquePart>
export type AssistantPart = z.infer<typeof assistantPart>
export type Message = z.infer<typeof message>

/** Tokens. `input` includes what was read from and written to a cache; `output` includes reasoning. */
export const usage = z.strictObject({
  inputTokens: z.int().nonnegative(),
  cacheReadTokens: z.int().nonnegative(),
  cacheWriteTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  reasoningTokens: z.int().nonnegative(),
})
export type Usage = z.infer<typeof usage>

/** All that can go wrong with a model call; each has one row in the failure policy. */
export const modelFailureClass = z.enum([
  'rateLimit',
  'quota',
  'overloaded',
  'server',
  'timeout',
  'network',
  'protocol',
  'auth',
  'badRequest',
  'contextLength',
  'length',
  'refusal',
  'empty',
  'limit',
])
export type ModelFailureClass = z.infer<typeof modelFailureClass>

/** The text of an answer: its text parts, joined. */
export const textOf = (parts: readonly AssistantPart[]): string =>
  parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('')

export const toolCallsOf = (parts: readonly AssistantPart[]): ToolCallPart[] => parts.filter((part) => part.type === 'toolCall')

/** What of an answer the user gets. */
export const saidIn = (parts: readonly AssistantPart[]): Said => {
  const text = textOf(parts)
  return { text, parts: [...(text === '' ? [] : textContent(text)), ...parts.filter(isMedia)] }
}

/** An answer as one text: its text, and behind it what is no text, as `[image image/png, 12 KB]`. */
export const shownAnswer = (parts: readonly AssistantPart[]): string => {
  const media = parts.filter(isMedia)
  return media.length === 0 ? textOf(parts) : [textOf(parts), shownContent(media)].filter((text) => text !== '').join('\n')
}
