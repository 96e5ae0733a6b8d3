import { z } from 'zod'

import type { AssistantPart, Usage } from '../events/message.ts'
import { protocolFailure, type Finished, type StreamReader } from './answer-stream.ts'
import type { ModelFailure } from './model.ts'

// What is read of a chunk. Everything is optional and the rest is ignored: compatible servers leave out and add fields.
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '')
const toolCallDelta = z.object({
  index: z.int().nullish(),
  id: text,
  function: z.object({ name: text, arguments: text }).nullish(),
})
const chunk = z.object({
  id: z.string().nullish(),
  model: z.string().nullish(),
  choices: z
    .array(
      z.object({
        delta: z
          .object({
            content: text,
            refusal: text,
            tool_calls: z.array(toolCallDelta).nullish(),
          })
          .nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: z
    .object({
      prompt_tokens: z.int().nonnegative(),
      completion_tokens: z.int().nonnegative(),
      prompt_tokens_details: z.object({ cached_tokens: z.int().nullish(), cache_write_tokens: z.int().nullish() }).nullish(),
      completion_tokens_details: z.object({ reasoning_tokens: z.int().nullish() }).nullish(),
    })
    .nullish(),
})
type Chunk = z.infer<typeof chunk>
type ToolCallDelta = z.infer<typeof toolCallDelta>

interface OpenCall {
  readonly index: number
  id: string
  name: string
  argumentsText: string
}

/** What the stream has said so far. */
interface Draft {
  readonly calls: OpenCall[]
  text: string
  refusal: string
  facts: Facts
}

type Facts = Pick<Finished, 'usage' | 'model' | 'responseId'> & { readonly stop?: string }

/** Folds the chunks of `POST /chat/completions`. The terminal marker is `finish_reason`. */
export const openaiChatReader = (onDelta?: (text: string) => void): StreamReader => {
  const draft: Draft = { calls: [], text: '', refusal: '', facts: {} }
  return {
    read(event) {
      const parsed = chunk.safeParse(event)
      if (!parsed.success) return protocolFailure(`a chunk cannot be read: ${z.prettifyError(parsed.error)}`)
      const piece = apply(draft, parsed.data)
      if (piece !== '') onDelta?.(piece)
      return draft.facts.stop === undefined ? undefined : incompleteCall(draft.calls)
    },
    finished: () => finishedOf(draft),
  }
}

/** Returns the text that the chunk adds. */
const apply = (draft: Draft, data: Chunk): string => {
  draft.facts = { ...draft.facts, ...factsOf(data) }
  const delta = data.choices?.[0]?.delta
  if (!delta) return ''
  for (const call of delta.tool_calls ?? []) addToCall(draft.calls, call)
  draft.refusal += delta.refusal
  draft.text += delta.content
  return delta.content
}

const finishedOf = ({ calls, text, refusal, facts: { stop, ...facts } }: Draft): Finished | undefined => {
  if (stop === undefined) return undefined
  const parts: AssistantPart[] = [
    ...(text === '' ? [] : [{ type: 'text' as const, text }]),
    ...calls.map(({ id, name, argumentsText }) => ({ type: 'toolCall' as const, id, name, argumentsText })),
  ]
  return { end: endOf(stop, refusal), stop, ...(refusal !== '' && { explanation: refusal }), parts, ...facts }
}

const factsOf = ({ id, model, choices, usage }: Chunk): Facts => {
  const stop = choices?.[0]?.finish_reason
  return { ...(id && { responseId: id }), ...(model && { model }), ...(stop && { stop }), ...(usage && { usage: usageOf(usage) }) }
}

const usageOf = (usage: NonNullable<Chunk['usage']>): Usage => ({
  inputTokens: usage.prompt_tokens,
  cacheReadTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
  cacheWriteTokens: usage.prompt_tokens_details?.cache_write_tokens ?? 0,
  outputTokens: usage.completion_tokens,
  reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? 0,
})

const addToCall = (calls: OpenCall[], { index, id, function: written }: ToolCallDelta): void => {
  const call = callOf(calls, index ?? 0, id)
  call.id ||= id
  call.name ||= written?.name ?? ''
  call.argumentsText += written?.arguments ?? ''
}

/** Some servers give every call the index 0 (or none) and tell them apart by id. */
const callOf = (calls: OpenCall[], index: number, id: string): OpenCall => {
  const latest = calls.findLast((call) => call.index === index)
  if (latest && (id === '' || latest.id === '' || latest.id === id)) return latest
  const call = { index, id, name: '', argumentsText: '' }
  calls.push(call)
  return call
}

const incompleteCall = (calls: readonly OpenCall[]): ModelFailure | undefined => {
  const incomplete = calls.find(({ id, name }) => id === '' || name === '')
  return incomplete && protocolFailure(`a tool call came without ${incomplete.id === '' ? 'its id' : 'its name'}`)
}

const endOf = (stop: string, refusal: string): Finished['end'] => {
  if (refusal !== '' || stop === 'content_filter') return 'refusal'
  return stop === 'length' ? 'length' : 'answer'
}
