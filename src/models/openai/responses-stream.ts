import { z } from 'zod'

import type { AssistantPart, Usage } from '../../events/message.ts'
import type { JsonObject } from '../../json.ts'
import { protocolFailure, vendorItem, type Finished, type StreamReader } from '../wire/answer-stream.ts'
import { classify } from '../wire/classify.ts'
import type { ModelFailure } from '../model.ts'
import { OPENAI_VENDOR } from './responses-request.ts'

// What is read of an answer. The rest is ignored: compatible servers leave out and add fields.
const messageItem = z.object({
  type: z.literal('message'),
  content: z.union([
    z.array(
      z.discriminatedUnion('type', [
        z.object({ type: z.literal('output_text'), text: z.string() }),
        z.object({ type: z.literal('refusal'), refusal: z.string() }),
      ]),
    ),
    z.string().transform((text) => [{ type: 'output_text' as const, text }]),
  ]),
  phase: z.enum(['commentary', 'final_answer']).nullish(),
})
const functionCallItem = z.object({
  type: z.literal('function_call'),
  call_id: z.string().nullish(),
  name: z.string().nullish(),
  arguments: z.union([z.string(), z.record(z.string(), z.unknown()).transform((parsed) => JSON.stringify(parsed))]).nullish(),
})
const response = z.object({
  id: z.string().nullish(),
  model: z.string().nullish(),
  output: z.array(vendorItem).nullish(),
  incomplete_details: z.object({ reason: z.string().nullish() }).nullish(),
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
  usage: z
    .object({
      input_tokens: z.int().nonnegative(),
      output_tokens: z.int().nonnegative(),
      input_tokens_details: z.object({ cached_tokens: z.int().nullish(), cache_write_tokens: z.int().nullish() }).nullish(),
      output_tokens_details: z.object({ reasoning_tokens: z.int().nullish() }).nullish(),
    })
    .nullish(),
})
const KNOWN_EVENTS = [
  'response.output_text.delta',
  'response.output_item.done',
  'response.completed',
  'response.incomplete',
  'response.failed',
]
const knownEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('response.output_text.delta'), delta: z.string() }),
  z.object({ type: z.literal('response.output_item.done'), item: vendorItem }),
  z.object({ type: z.enum(['response.completed', 'response.incomplete', 'response.failed']), response }),
])
type Item = z.infer<typeof vendorItem>
type FinalResponse = z.infer<typeof response>

/** Folds the events of `POST /responses`. The terminal markers are `response.completed`, `.incomplete` and `.failed`. */
export const openaiResponsesReader = (onDelta?: (text: string) => void): StreamReader => {
  const items: Item[] = []
  let finished: Finished | undefined

  return {
    read(raw) {
      const event = readEvent(raw)
      if (event === undefined || 'ok' in event) return event
      switch (event.type) {
        case 'response.output_text.delta':
          onDelta?.(event.delta)
          return undefined
        case 'response.output_item.done':
          items.push(event.item)
          return undefined
        case 'response.failed':
          return failedResponse(event.response)
        default: {
          const end = finishedOf(event.type, event.response, items)
          if ('ok' in end) return end
          finished = end
          return undefined
        }
      }
    },
    finished: () => finished,
    eventsOf,
  }
}

const eventsOf = (whole: JsonObject): readonly object[] => {
  if (!Array.isArray(whole['output'])) return []
  const text = typeof whole['output_text'] === 'string' ? whole['output_text'] : ''
  const status = whole['status'] === 'incomplete' || whole['status'] === 'failed' ? whole['status'] : 'completed'
  return [...(text === '' ? [] : [{ type: 'response.output_text.delta', delta: text }]), { type: `response.${status}`, response: whole }]
}

const readEvent = (raw: unknown): z.infer<typeof knownEvent> | ModelFailure | undefined => {
  const { data: tagged } = vendorItem.safeParse(raw)
  if (!tagged || !KNOWN_EVENTS.includes(tagged.type)) return undefined
  const event = knownEvent.safeParse(raw)
  return event.success ? event.data : protocolFailure(`${tagged.type} cannot be read: ${z.prettifyError(event.error)}`)
}

/** Some servers leave the items out of the last event, so those that came before it count first. */
const finishedOf = (eventType: string, response: FinalResponse, items: readonly Item[]): Finished | ModelFailure => {
  const output = itemsOf(items.length > 0 ? items : (response.output ?? []))
  if ('ok' in output) return output
  const end = endOf(eventType, response, output)
  return 'ok' in end ? end : { ...end, parts: output.parts, ...factsOf(response) }
}

interface Output {
  readonly parts: readonly AssistantPart[]
  readonly refusal: string
}

const itemsOf = (items: readonly Item[]): Output | ModelFailure => {
  const parts: AssistantPart[] = []
  let refusal = ''
  for (const item of items) {
    if (item.type === 'message') {
      const message = messageItem.safeParse(item)
      if (!message.success) return protocolFailure(`a message cannot be read: ${z.prettifyError(message.error)}`)
      const { content, phase } = message.data
      if (phase) parts.push({ type: 'opaque', vendor: OPENAI_VENDOR, content: { phase } })
      const text = content.map((part) => (part.type === 'output_text' ? part.text : '')).join('')
      if (text !== '') parts.push({ type: 'text', text })
      refusal += content.map((part) => (part.type === 'refusal' ? part.refusal : '')).join('')
    } else if (item.type === 'function_call') {
      const call = functionCallItem.safeParse(item)
      if (!call.success) return protocolFailure(`a function call cannot be read: ${z.prettifyError(call.error)}`)
      const { call_id: id, name, arguments: argumentsText } = call.data
      parts.push({ type: 'toolCall', id: id ?? '', name: name ?? '', argumentsText: argumentsText ?? '' })
    } else {
      parts.push({ type: 'opaque', vendor: OPENAI_VENDOR, content: item })
    }
  }
  return { parts, refusal }
}

const endOf = (
  eventType: string,
  { incomplete_details: incomplete }: FinalResponse,
  { refusal }: Output,
): Pick<Finished, 'end' | 'stop' | 'explanation'> | ModelFailure => {
  const reason = incomplete?.reason ?? (eventType === 'response.incomplete' ? 'none given' : undefined)
  if (refusal !== '') return { end: 'refusal', stop: reason ?? 'refusal', explanation: refusal }
  switch (reason) {
    case undefined:
      return { end: 'answer', stop: 'completed' }
    case 'content_filter':
      return { end: 'refusal', stop: reason }
    case 'max_output_tokens':
      return { end: 'length', stop: reason }
    default:
      return protocolFailure(`the response is incomplete for a reason unknown here: ${reason}`)
  }
}

const factsOf = ({ id, model, usage }: FinalResponse): Pick<Finished, 'responseId' | 'model' | 'usage'> => ({
  ...(id && { responseId: id }),
  ...(model && { model }),
  ...(usage && { usage: usageOf(usage) }),
})

const usageOf = (usage: NonNullable<FinalResponse['usage']>): Usage => ({
  inputTokens: usage.input_tokens,
  cacheReadTokens: usage.input_tokens_details?.cached_tokens ?? 0,
  cacheWriteTokens: usage.input_tokens_details?.cache_write_tokens ?? 0,
  outputTokens: usage.output_tokens,
  reasoningTokens: usage.output_tokens_details?.reasoning_tokens ?? 0,
})

const failedResponse = ({ error, usage }: FinalResponse): ModelFailure => {
  const message = error?.message ?? 'the response failed without an explanation'
  return {
    ok: false,
    class: classify({ codes: error?.code ? [error.code] : [], message }),
    message,
    ...(usage && { usage: usageOf(usage) }),
  }
}
