import { z } from 'zod'
import type { AssistantPart, Usage } from '../../events/message.ts'
import type { JsonObject, Json } from '../../json.ts'
import { protocolFailure, type Finished, type StreamReader } from '../wire/answer-stream.ts'
import type { ModelFailure } from '../model.ts'
import { statedFailure } from '../wire/stated-error.ts'

interface OpenCall {
  readonly index: number
  id: string
  name: string
  argumentsText: string
  extra?: JsonObject
}

/** What the stream has said so far. */
interface Draft {
  readonly calls: OpenCall[]
  readonly own: OwnPieces
  text: string
  refusal: string
  facts: Facts
}

type Facts = Pick<Finished, 'usage' | 'model' | 'responseId'> & { readonly stop?: string }

/**
 * Folds the chunks of `POST /chat/completions`. The terminal marker is `finish_reason`. `vendor` is under which name its opaque parts
 * are kept.
 */
export const openaiChatReader = (vendor: string, onDelta?: (text: string) => void): StreamReader => {
  const draft: Draft = { calls: [], own: { reasoningContent: '', reasoning: '', details: [] }, text: '', refusal: '', facts: {} }
  return {
    read(event) {
      const parsed = chatChunk.safeParse(event)
      if (!parsed.success) return protocolFailure(`a chunk cannot be read: ${z.prettifyError(parsed.error)}`)
      const piece = apply(draft, parsed.data)
      if (piece !== '') onDelta?.(piece)
      return failedChoice(parsed.data)
    },
    finished: () => finishedOf(draft, vendor),
    eventsOf: (whole) => [whole],
  }
}

/** Returns the text that the chunk adds. */
const apply = (draft: Draft, data: ChatChunk): string => {
  draft.facts = { ...draft.facts, ...factsOf(data) }
  const choice = data.choices?.[0]
  const said = choice?.delta ?? choice?.message
  if (!said) return ''
  addCalls(draft.calls, said)
  addOwn(draft.own, said)
  draft.refusal += said.refusal
  draft.text += said.content
  return said.content
}

const FAILED_STOPS = /^(error|abort|network_error)$/i
const OVERLOADED_STOPS = /^insufficient_system_resource$/i

/** Some servers tell of a failure as the reason for which the answer ended. */
const failedChoice = ({ choices }: ChatChunk): ModelFailure | undefined => {
  const { finish_reason: stop, error } = choices?.[0] ?? {}
  if (typeof error === 'object' && error !== null) return statedFailure({ error })
  if (typeof stop !== 'string') return undefined
  if (OVERLOADED_STOPS.test(stop)) return { ok: false, class: 'overloaded', message: `the server broke the answer off (${stop})` }
  return FAILED_STOPS.test(stop) ? { ok: false, class: 'server', message: `the server broke the answer off (${stop})` } : undefined
}

const finishedOf = ({ calls, own, text, refusal, facts: { stop, ...facts } }: Draft, vendor: string): Finished | undefined => {
  if (stop === undefined) return undefined
  const message = ownOf(own)
  const parts: AssistantPart[] = [
    ...(message === undefined ? [] : [{ type: 'opaque' as const, vendor, content: { message } }]),
    ...(text === '' ? [] : [{ type: 'text' as const, text }]),
    ...calls.flatMap((call) => partsOfCall(call, vendor)),
  ]
  return { end: endOf(stop, refusal), stop, ...(refusal !== '' && { explanation: refusal }), parts, ...facts }
}

/** An id of an unusual form goes back to the server that wrote it, though others get another one. */
const USUAL_ID = /^[a-zA-Z0-9_-]{0,40}$/

const partsOfCall = ({ id, name, argumentsText, extra }: OpenCall, vendor: string): AssistantPart[] => {
  const toolCall = { ...(!USUAL_ID.test(id) && { id }), ...(extra && { extra_content: extra }) }
  const call = { type: 'toolCall' as const, id, name, argumentsText }
  return Object.keys(toolCall).length === 0 ? [call] : [call, { type: 'opaque', vendor, content: { toolCall } }]
}

const factsOf = ({ id, model, choices, usage }: ChatChunk): Facts => {
  const stop = choices?.[0]?.finish_reason
  return { ...(id && { responseId: id }), ...(model && { model }), ...(stop && { stop }), ...(usage && { usage: usageOf(usage) }) }
}

const usageOf = (usage: NonNullable<ChatChunk['usage']>): Usage => ({
  inputTokens: usage.prompt_tokens,
  cacheReadTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
  cacheWriteTokens: usage.prompt_tokens_details?.cache_write_tokens ?? 0,
  outputTokens: usage.completion_tokens,
  reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? 0,
})

const addCalls = (calls: OpenCall[], { tool_calls: toolCalls, function_call: functionCall }: ChatSaid): void => {
  if (functionCall) addToCall(calls, { index: 0, id: '', function: functionCall })
  const isWhole = (toolCalls ?? []).length > 1
  for (const [place, call] of (toolCalls ?? []).entries()) {
    // Several in one piece that have no index are told apart by their place.
    if (call) addToCall(calls, isWhole && typeof call.index !== 'number' ? { ...call, index: place } : call)
  }
}

const addToCall = (calls: OpenCall[], { index, id, function: written, extra_content: extra }: ChatToolCall): void => {
  const call = callOf(calls, { index: index ?? 0, id, name: written?.name ?? '' })
  call.id ||= id
  call.name ||= written?.name ?? ''
  call.argumentsText += written?.arguments ?? ''
  if (extra) call.extra = extra
}

/** Some servers give every call the index 0 (or none) and tell them apart by id, or not at all. */
const callOf = (
  calls: OpenCall[],
  { index, id, name }: { readonly index: number; readonly id: string; readonly name: string },
): OpenCall => {
  const latest = calls.findLast((call) => call.index === index)
  if (latest && (id === '' || latest.id === '' || latest.id === id) && !isAnother(latest, id, name)) return latest
  const call = { index, id, name: '', argumentsText: '' }
  calls.push(call)
  return call
}

/** Without ids, a name after whole arguments begins another call. */
const isAnother = (latest: OpenCall, id: string, name: string): boolean =>
  name !== '' && latest.name !== '' && (id === '' || latest.id === '') && (name !== latest.name || isWholeJson(latest.argumentsText))

const isWholeJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const endOf = (stop: string, refusal: string): Finished['end'] => {
  if (refusal !== '' || /^(content_?filter|safety|recitation|prohibited_content|refusal|sensitive)$/i.test(stop)) return 'refusal'
  return /^(length|max_(completion_)?tokens|max_output_tokens|model_length)$/i.test(stop) ? 'length' : 'answer'
}

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

const addOwn = (own: OwnPieces, { reasoning_content, reasoning, reasoning_details, extra_content }: ChatSaid): void => {
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

const ownOf = ({ reasoningContent, reasoning, details, extra }: OwnPieces): JsonObject | undefined => {
  const own = {
    ...(reasoningContent !== '' && { reasoning_content: reasoningContent }),
    // OpenRouter says the same in both, and wants the details.
    ...(reasoning !== '' && details.length === 0 && { reasoning }),
    ...(details.length > 0 && { reasoning_details: details }),
    ...(extra && { extra_content: extra }),
  }
  return Object.keys(own).length === 0 ? undefined : own
}
