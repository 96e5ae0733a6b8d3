import type {
  ContentBlockParam,
  MessageCreateParamsStreaming,
  MessageParam,
  OutputConfig,
  TextBlockParam,
  ToolResultBlockParam,
} from '@anthropic-ai/sdk/resources/messages'

import type { AssistantPart, Message, OpaquePart } from '../events/message.ts'
import type { ModelRequest } from './model.ts'
import { closed } from './output-schema.ts'
import { droppedOpaque } from './request-parts.ts'

export const ANTHROPIC_VENDOR = 'anthropic'

/** The vendor demands a limit; every model sold today can write this much. */
const DEFAULT_MAX_TOKENS = 16_384

/** The body of `POST /v1/messages`, and what it cannot carry: the API of 2026-10-21 has no sampling settings. Pure. */
export const anthropicRequest = (request: ModelRequest): { body: MessageCreateParamsStreaming; dropped: string[] } => {
  const { model, instructions, messages, tools, toolChoice, settings } = request
  const outputConfig = outputConfigOf(request)
  const body: MessageCreateParamsStreaming = {
    model,
    max_tokens: settings.maxOutputTokens ?? DEFAULT_MAX_TOKENS,
    // A run sends the same growing prompt at each step; other vendors cache it unasked.
    cache_control: { type: 'ephemeral' },
    ...(instructions !== '' && { system: instructions }),
    messages: turns(messages),
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, inputSchema }) => ({
        name,
        description,
        input_schema: { ...inputSchema, type: 'object' as const },
      })),
      tool_choice: { type: toolChoice },
    }),
    ...(outputConfig && { output_config: outputConfig }),
    stream: true,
  }
  const sampling = (['temperature', 'topP', 'seed'] as const).filter((name) => settings[name] !== undefined)
  return { body, dropped: [...sampling, ...droppedOpaque(messages, ANTHROPIC_VENDOR)] }
}

const outputConfigOf = ({ output, settings }: ModelRequest): OutputConfig | undefined =>
  output || settings.reasoningEffort
    ? {
        ...(settings.reasoningEffort && { effort: settings.reasoningEffort }),
        ...(output && { format: { type: 'json_schema' as const, schema: closed(output.schema) } }),
      }
    : undefined

/** Turns alternate, and the results of all calls of a turn have to stand in the one user turn that follows it. */
const turns = (messages: readonly Message[]): MessageParam[] => {
  const merged: { role: 'user' | 'assistant'; content: ContentBlockParam[] }[] = []
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const blocks = blocksOf(message)
    const last = merged.at(-1)
    if (last?.role === role) last.content.push(...blocks)
    else if (blocks.length > 0) merged.push({ role, content: blocks })
  }
  return merged
}

const blocksOf = (message: Message): ContentBlockParam[] => {
  switch (message.role) {
    case 'user':
      return [textBlock(message.text)]
    case 'tool':
      return [toolResult(message.id, message.text, message.isError)]
    case 'assistant':
      return message.parts.flatMap(assistantBlocks)
  }
}

const textBlock = (text: string): TextBlockParam => ({ type: 'text', text })

const toolResult = (id: string, text: string, isError: boolean): ToolResultBlockParam => ({
  type: 'tool_result',
  tool_use_id: id,
  content: text,
  ...(isError && { is_error: true }),
})

const assistantBlocks = (part: AssistantPart): ContentBlockParam[] => {
  switch (part.type) {
    case 'text':
      // The vendor refuses a turn with a block of white space.
      return part.text.trim() === '' ? [] : [textBlock(part.text)]
    case 'toolCall':
      return [{ type: 'tool_use', id: part.id, name: part.name, input: inputOf(part.argumentsText) }]
    case 'opaque':
      return part.vendor === ANTHROPIC_VENDOR ? [verbatimBlock(part)] : []
  }
}

/** The wire takes an object only. What is none is wrapped, so that the model sees what it wrote. */
const inputOf = (argumentsText: string): object => {
  try {
    const input: unknown = JSON.parse(argumentsText)
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input
  } catch {
    // falls through: wrapped like other text that is no object
  }
  return { INVALID_JSON: argumentsText }
}

/** It came from this vendor as a block and goes back as one: nobody between has looked inside. */
const verbatimBlock = ({ content }: OpaquePart): ContentBlockParam => content as unknown as ContentBlockParam
