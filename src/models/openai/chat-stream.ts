import { z } from 'zod'

import type { AssistantPart, Usage } from '../../events/message.ts'
import type { JsonObject } from '../../json.ts'
import { protocolFailure, type Finished, type StreamReader } from '../wire/answer-stream.ts'
import type { ModelFailure } from '../model.ts'
import { addOwn, chatChunk, ownOf, type ChatChunk, type ChatSaid, type ChatToolCall, type OwnPieces } from './chat-chunk.ts'
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
