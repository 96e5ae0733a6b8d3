import type {
  ContentBlockParam,
  MessageCreateParamsStreaming,
  MessageParam,
  OutputConfig,
  TextBlockParam,
  ToolChoice,
  ToolResultBlockParam,
} from '@anthropic-ai/sdk/resources/messages'

import { toolCallsOf, type AssistantPart, type Message, type OpaquePart } from '../../events/message.ts'
import type { JsonObject } from '../../json.ts'
import {
  concededOf,
  historyRules,
  instructionsWithSchema,
  offeredOf,
  settingsIn,
  type Conceded,
  type Concession,
} from '../wire/concessions.ts'
import { legalHistory, type HistoryRules } from '../wire/legal-history.ts'
import type { ModelRequest, ModelSettings, ToolDeclaration } from '../model.ts'
import { closed } from '../wire/output-schema.ts'
import { isVendorItem } from '../wire/request-parts.ts'
import { wellFormed } from '../wire/well-formed.ts'

export const ANTHROPIC_VENDOR = 'anthropic'

const RULES: HistoryRules = {
  vendor: ANTHROPIC_VENDOR,
  isOwn: isVendorItem,
  callId: /^[a-zA-Z0-9_-]{1,64}$/,
  takesBlankResults: true,
}

/** The vendor demands a limit; every model sold today can write this much. */
const DEFAULT_MAX_TOKENS = 16_384
/** What even a model takes that can write less than it was told to. */
const SMALLEST_MAX_TOKENS = 4_096

const LEFT_OUT: readonly Concession[] = ['json_schema', 'stream', 'opaque', 'parallelToolCalls', 'maxOutputTokens', 'reasoningEffort']

/** The body of `POST /v1/messages`, and what it cannot carry: the API of 2026-10-21 has no sampling settings. Pure. */
export const anthropicRequest = (
  request: ModelRequest,
  conceded: Conceded = new Set(),
): { body: MessageCreateParamsStreaming; dropped: string[]; offered: Concession[] } => {
  const { model, toolChoice } = request
  const settings = settingsIn(request, conceded)
  const { messages, changed } = legalHistory(request, historyRules(RULES, conceded))
  const takesSchema = !conceded.has('json_schema')
  const instructions = takesSchema ? request.instructions : instructionsWithSchema(request)
  const gone = request.tools.length > 0 ? [] : toolsCalledIn(messages)
  const tools = [...request.tools, ...gone]
  const outputConfig = outputConfigOf(settings, takesSchema ? request.output : undefined)
  const body: MessageCreateParamsStreaming = {
    model,
    max_tokens: limitOf(settings, conceded),
    // A run sends the same growing prompt at each step; other vendors cache it unasked.
    cache_control: { type: 'ephemeral' },
    ...(instructions.trim() !== '' && { system: instructions }),
    messages: turns(messages),
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, inputSchema }) => ({
        name,
        description,
        input_schema: { ...inputSchema, type: 'object' as const },
      })),
      tool_choice: choiceOf(gone.length > 0 ? 'none' : toolChoice, settings.parallelToolCalls),
    }),
    ...(outputConfig && { output_config: outputConfig }),
    stream: true,
  }
  const legal = wellFormed(body)
  const sampling = (['temperature', 'topP', 'seed'] as const).filter((name) => settings[name] !== undefined)
  return {
    body: legal,
    dropped: [
      ...sampling,
      ...changed,
      ...(gone.length > 0 ? ['tools'] : []),
      ...(legal === body ? [] : ['unicode']),
      ...concededOf(request, conceded),
    ],
    offered: offeredOf(request, messages, conceded, LEFT_OUT),
  }
}

const limitOf = ({ maxOutputTokens }: ModelSettings, conceded: Conceded): number =>
  maxOutputTokens ?? (conceded.has('maxOutputTokens') ? SMALLEST_MAX_TOKENS : DEFAULT_MAX_TOKENS)

/** The vendor refuses a conversation with calls where no tool is declared. */
const toolsCalledIn = (messages: readonly Message[]): readonly ToolDeclaration[] => {
  const names = new Set(
    messages.flatMap((message) => (message.role === 'assistant' ? toolCallsOf(message.parts) : [])).map(({ name }) => name),
  )
  return [...names].map((name) => ({ name, description: 'Is not there any more.', inputSchema: { type: 'object' } }))
}

const choiceOf = (choice: ModelRequest['toolChoice'], parallel: boolean | undefined): ToolChoice =>
  choice === 'none' ? { type: 'none' } : { type: 'auto', ...(parallel !== undefined && { disable_parallel_tool_use: !parallel }) }

const outputConfigOf = (settings: ModelSettings, output: ModelRequest['output']): OutputConfig | undefined =>
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
    else merged.push({ role, content: blocks })
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
      return message.parts.map(assistantBlock)
  }
}

const textBlock = (text: string): TextBlockParam => ({ type: 'text', text })

const toolResult = (id: string, text: string, isError: boolean): ToolResultBlockParam => ({
  type: 'tool_result',
  tool_use_id: id,
  content: text,
  ...(isError && { is_error: true }),
})

const assistantBlock = (part: AssistantPart): ContentBlockParam => {
  switch (part.type) {
    case 'text':
      return textBlock(part.text)
    case 'toolCall':
      return { type: 'tool_use', id: part.id, name: part.name, input: JSON.parse(part.argumentsText) as JsonObject }
    case 'opaque':
      return verbatimBlock(part)
  }
}

/** It came from this vendor as a block and goes back as one: nobody between has looked inside. */
const verbatimBlock = ({ content }: OpaquePart): ContentBlockParam => content as unknown as ContentBlockParam
