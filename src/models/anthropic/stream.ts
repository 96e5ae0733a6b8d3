import { z } from 'zod'

import type { AssistantPart, Usage } from '../../events/message.ts'
import type { Json, JsonObject } from '../../json.ts'
import { protocolFailure, vendorItem, type Finished, type StreamReader } from '../wire/answer-stream.ts'
import { ANTHROPIC_VENDOR } from './request.ts'
import type { ModelFailure } from '../model.ts'
import { isVendorItem } from '../wire/request-parts.ts'

// What is read of an answer. The rest is ignored: compatible servers leave out and add fields.
const usageFields = z.object({
  input_tokens: z.int().nonnegative().nullish(),
  output_tokens: z.int().nonnegative().nullish(),
  cache_read_input_tokens: z.int().nonnegative().nullish(),
  cache_creation_input_tokens: z.int().nonnegative().nullish(),
  output_tokens_details: z.object({ thinking_tokens: z.int().nonnegative().nullish() }).nullish(),
})
const delta = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text_delta'), text: z.string() }),
  z.object({ type: z.literal('input_json_delta'), partial_json: z.string() }),
  z.object({ type: z.literal('thinking_delta'), thinking: z.string() }),
  z.object({ type: z.literal('signature_delta'), signature: z.string() }),
  z.object({ type: z.literal('citations_delta') }),
])
const KNOWN_EVENTS = ['message_start', 'content_block_start', 'content_block_delta', 'message_delta', 'message_stop']
const knownEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('message_start'),
    message: z.object({ id: z.string().nullish(), model: z.string().nullish(), usage: usageFields.nullish() }),
  }),
  z.object({ type: z.literal('content_block_start'), index: z.int(), content_block: vendorItem }),
  z.object({ type: z.literal('content_block_delta'), index: z.int(), delta }),
  z.object({
    type: z.literal('message_delta'),
    delta: z.object({
      stop_reason: z.string().nullish(),
      stop_details: z.object({ category: z.string().nullish(), explanation: z.string().nullish() }).nullish(),
    }),
    usage: usageFields.nullish(),
  }),
  z.object({ type: z.literal('message_stop') }),
])
const toolUseBlock = z.object({
  type: z.literal('tool_use'),
  id: z.string().nullish(),
  name: z.string().nullish(),
  input: z.unknown().optional(),
})
type Event = z.infer<typeof knownEvent>
type Delta = z.infer<typeof delta>
type MessageDelta = Extract<Event, { type: 'message_delta' }>['delta']
type UsageFields = z.infer<typeof usageFields>

interface OpenBlock {
  readonly start: z.infer<typeof vendorItem>
  text: string
  inputText: string
  thinking: string
  signature: string
}

/** What the stream has said so far. */
interface Draft {
  readonly blocks: Map<number, OpenBlock>
  usage?: UsageFields
  facts: Pick<Finished, 'model' | 'responseId'>
  end: { readonly stop?: string; readonly explanation?: string }
  hasStopped: boolean
}

/** Folds the events of `POST /v1/messages`. The terminal marker is `message_stop`. */
export const anthropicReader = (onDelta?: (text: string) => void): StreamReader => {
  const draft: Draft = { blocks: new Map(), facts: {}, end: {}, hasStopped: false }
  let parts: readonly AssistantPart[] = []
  return {
    read(raw) {
      const event = readEvent(raw)
      if (event === undefined || 'ok' in event) return event
      const failure = apply(draft, event)
      if (failure) return failure
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') onDelta?.(event.delta.text)
      if (!draft.hasStopped) return undefined
      const read = partsOf(draft)
      if ('ok' in read) return read
      parts = read.parts
      return undefined
    },
    finished: () => finishedOf(draft, parts),
    eventsOf,
  }
}

const eventsOf = (whole: JsonObject): readonly object[] => {
  const { content, stop_reason, stop_details = null, usage = null, ...message } = whole
  const blocks =
    typeof content === 'string' ? [{ type: 'text', text: content }] : Array.isArray(content) ? (content as readonly Json[]) : []
  return [
    { type: 'message_start', message },
    ...blocks.filter((block) => isVendorItem(block)).flatMap((block, index) => eventsOfBlock(block as JsonObject, index)),
    { type: 'message_delta', delta: { stop_reason, stop_details }, usage },
    ...(typeof stop_reason === 'string' ? [{ type: 'message_stop' }] : []),
  ]
}

/** The text comes as a delta, since whoever listens hears those alone. */
const eventsOfBlock = (block: JsonObject, index: number): object[] => {
  const { type, text } = block
  if (type !== 'text') return [{ type: 'content_block_start', index, content_block: block }]
  return [
    { type: 'content_block_start', index, content_block: { type } },
    { type: 'content_block_delta', index, delta: { type: 'text_delta', text } },
  ]
}

const readEvent = (raw: unknown): Event | ModelFailure | undefined => {
  const { data: tagged } = vendorItem.safeParse(raw)
  if (!tagged || !KNOWN_EVENTS.includes(tagged.type)) return undefined
  const event = knownEvent.safeParse(raw)
  return event.success ? event.data : protocolFailure(`${tagged.type} cannot be read: ${z.prettifyError(event.error)}`)
}

const apply = (draft: Draft, event: Event): ModelFailure | undefined => {
  switch (event.type) {
    case 'message_start': {
      const { id, model, usage } = event.message
      draft.facts = { ...(id && { responseId: id }), ...(model && { model }) }
      draft.usage = latest(draft.usage, usage)
      return undefined
    }
    case 'content_block_start':
      draft.blocks.set(event.index, { start: event.content_block, text: '', inputText: '', thinking: '', signature: '' })
      return undefined
    case 'content_block_delta': {
      const block = draft.blocks.get(event.index)
      if (!block) return protocolFailure(`a delta came for block ${event.index}, which had not begun`)
      append(block, event.delta)
      return undefined
    }
    case 'message_delta':
      draft.end = { ...draft.end, ...endFacts(event.delta) }
      draft.usage = latest(draft.usage, event.usage)
      return undefined
    case 'message_stop':
      draft.hasStopped = true
      return draft.end.stop === undefined ? protocolFailure('the message stopped without a stop reason') : undefined
  }
}

const endFacts = ({ stop_reason: stop, stop_details: details }: MessageDelta): Draft['end'] => {
  const explanation = details?.explanation ?? details?.category
  return { ...(stop && { stop }), ...(explanation && { explanation }) }
}

const append = (block: OpenBlock, delta: Delta): void => {
  switch (delta.type) {
    case 'text_delta':
      block.text += delta.text
      break
    case 'input_json_delta':
      block.inputText += delta.partial_json
      break
    case 'thinking_delta':
      block.thinking += delta.thinking
      break
    case 'signature_delta':
      block.signature += delta.signature
      break
    case 'citations_delta':
      break
  }
}

/** The counts of `message_delta` are cumulative; what it leaves out stays as `message_start` said. */
const latest = (before: UsageFields | undefined, now: UsageFields | null | undefined): UsageFields => {
  const stated = Object.entries(now ?? {}).filter(([, value]) => value !== null && value !== undefined)
  return { ...before, ...Object.fromEntries(stated) }
}

const partsOf = ({ blocks }: Draft): { parts: AssistantPart[] } | ModelFailure => {
  const parts: AssistantPart[] = []
  for (const [, block] of [...blocks].sort(([a], [b]) => a - b)) {
    const part = partOf(block)
    if (part && 'ok' in part) return part
    if (part) parts.push(part)
  }
  return { parts }
}

const partOf = ({ start, text, inputText, thinking, signature }: OpenBlock): AssistantPart | ModelFailure | undefined => {
  const initial = (field: string): string => (typeof start[field] === 'string' ? start[field] : '')
  switch (start.type) {
    case 'text': {
      const whole = initial('text') + text
      return whole === '' ? undefined : { type: 'text', text: whole }
    }
    case 'tool_use': {
      const call = toolUseBlock.safeParse(start)
      if (!call.success) return protocolFailure(`a tool call cannot be read: ${z.prettifyError(call.error)}`)
      // The deltas are what the model wrote; a call without arguments has none, and its start says `{}`.
      const { id, name, input = {} } = call.data
      const argumentsText = inputText === '' ? (typeof input === 'string' ? input : JSON.stringify(input)) : inputText
      return { type: 'toolCall', id: id ?? '', name: name ?? '', argumentsText }
    }
    case 'thinking':
      return opaque({ ...start, thinking: initial('thinking') + thinking, signature: initial('signature') + signature })
    default:
      return opaque(start)
  }
}

const opaque = (content: Json): AssistantPart => ({ type: 'opaque', vendor: ANTHROPIC_VENDOR, content })

const finishedOf = (
  { usage, facts, end: { stop, explanation }, hasStopped }: Draft,
  parts: readonly AssistantPart[],
): Finished | undefined => {
  if (!hasStopped || stop === undefined) return undefined
  const counted = usage && usageOf(usage)
  return { end: endOf(stop), stop, parts, ...(explanation !== undefined && { explanation }), ...(counted && { usage: counted }), ...facts }
}

/** This vendor's `input_tokens` leaves the cache out; ours includes it. */
const usageOf = (usage: UsageFields): Usage | undefined => {
  const { input_tokens: uncached, output_tokens: outputTokens } = usage
  if (typeof uncached !== 'number' || typeof outputTokens !== 'number') return undefined
  const cacheReadTokens = usage.cache_read_input_tokens ?? 0
  const cacheWriteTokens = usage.cache_creation_input_tokens ?? 0
  return {
    inputTokens: uncached + cacheReadTokens + cacheWriteTokens,
    cacheReadTokens,
    cacheWriteTokens,
    outputTokens,
    reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? 0,
  }
}

const endOf = (stop: string): Finished['end'] => {
  switch (stop) {
    case 'max_tokens':
      return 'length'
    case 'model_context_window_exceeded':
      return 'contextLength'
    case 'refusal':
      return 'refusal'
    default:
      return 'answer'
  }
}
