import { z } from 'zod'

import type { Json, JsonObject } from '../../json.ts'

// What is read of a chunk, or of a whole answer, which has a `message` in the place of the `delta`. Everything is optional and the rest
// is ignored: compatible servers leave out and add fields, and give another kind of value.

const text = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .transform((value) => value ?? '')

/** Mistral and some proxies write a list of parts in the place of a text. */
const contentPart = z.looseObject({ type: z.string().nullish(), text, thinking: z.unknown().optional() })
const content = z
  .union([z.string(), z.array(z.union([z.string(), contentPart]))])
  .nullish()
  .transform((value) => (typeof value === 'string' ? value : (value ?? []).map(textOfPart).join('')))

const textOfPart = (part: string | z.infer<typeof contentPart>): string => {
  if (typeof part === 'string') return part
  return part.type === undefined || part.type === null || /^(output_)?text$/.test(part.type) ? part.text : ''
}

/** What the model wrote is a text; some servers have parsed it already. */
const argumentsText = z
  .union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())])
  .nullish()
  .transform((value) => (typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value)))

const written = z.object({ name: text, arguments: argumentsText })
const object = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
const toolCall = z.object({
  index: z.coerce.number().int().nullish().catch(undefined),
  id: text,
  function: written.nullish(),
  extra_content: object.nullish().catch(undefined),
})
const said = z.object({
  content,
  refusal: text,
  tool_calls: z.array(toolCall.nullable()).nullish(),
  function_call: written.nullish(),
  reasoning_content: text,
  reasoning: text.catch(''),
  reasoning_details: z.array(object).nullish().catch(undefined),
  extra_content: object.nullish().catch(undefined),
})
const count = z.int().nonnegative()

export const chatChunk = z.object({
  id: text.catch(''),
  model: text.catch(''),
  choices: z
    .array(z.object({ delta: said.nullish(), message: said.nullish(), finish_reason: z.string().nullish(), error: z.unknown().optional() }))
    .nullish(),
  usage: z
    .object({
      prompt_tokens: count,
      completion_tokens: count,
      prompt_tokens_details: z.object({ cached_tokens: count.nullish(), cache_write_tokens: count.nullish() }).nullish().catch(undefined),
      completion_tokens_details: z.object({ reasoning_tokens: count.nullish() }).nullish().catch(undefined),
    })
    .nullish()
    .catch(undefined),
})
export type ChatChunk = z.infer<typeof chatChunk>
export type ChatSaid = z.infer<typeof said>
export type ChatToolCall = z.infer<typeof toolCall>

/** The pieces of what a server gave beside the standard fields and wants back. */
export interface OwnPieces {
  reasoningContent: string
  reasoning: string
  readonly details: JsonObject[]
  extra?: JsonObject
}

export const addOwn = (own: OwnPieces, { reasoning_content, reasoning, reasoning_details, extra_content }: ChatSaid): void => {
  own.reasoningContent += reasoning_content
  own.reasoning += reasoning
  if (extra_content) own.extra = extra_content
  for (const piece of reasoning_details ?? []) addDetail(own.details, piece)
}

/** Pieces of one index and type belong together: their texts grow, the rest comes once. */
const addDetail = (details: JsonObject[], piece: JsonObject): void => {
  const at = details.findIndex(({ index, type }) => piece['index'] !== undefined && index === piece['index'] && type === piece['type'])
  if (at < 0) {
    details.push(piece)
    return
  }
  const joined: Record<string, Json> = { ...details[at] }
  for (const [name, value] of Object.entries(piece)) {
    const before = joined[name]
    const grows = ['text', 'summary', 'data'].includes(name) && typeof before === 'string' && typeof value === 'string'
    if (grows) joined[name] = before + value
    else if (value !== null) joined[name] = value
  }
  details[at] = joined
}

export const ownOf = ({ reasoningContent, reasoning, details, extra }: OwnPieces): JsonObject | undefined => {
  const own = {
    ...(reasoningContent !== '' && { reasoning_content: reasoningContent }),
    // OpenRouter says the same in both, and wants the details.
    ...(reasoning !== '' && details.length === 0 && { reasoning }),
    ...(details.length > 0 && { reasoning_details: details }),
    ...(extra && { extra_content: extra }),
  }
  return Object.keys(own).length === 0 ? undefined : own
}
