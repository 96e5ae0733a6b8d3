import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
  ChatCompletionMessageToolCall,
  ChatCompletionToolChoiceOption,
} from 'openai/resources/chat/completions'

import { textOf, type AssistantPart, type Message, type ToolCallPart } from '../../events/message.ts'
import type { ToolChoice } from '../../events/model-settings.ts'
import type { JsonObject } from '../../json.ts'
import {
  choiceIn,
  concededOf,
  historyRules,
  instructionsWithSchema,
  offeredOf,
  settingsIn,
  type Conceded,
  type Concession,
} from '../wire/concessions.ts'
import { legalHistory } from '../wire/legal-history.ts'
import type { ModelRequest, RequestSettings } from '../model.ts'
import { chatContent } from './chat-content.ts'
import { ownFields, type ChatDialect } from './chat-dialect.ts'
import { isStrict } from '../wire/output-schema.ts'
import { withProviderOptions } from '../wire/provider-options.ts'
import { schemaName, toolTextWithError, uncarried } from '../wire/request-parts.ts'
import { nothingShown, type ShownMedia } from '../wire/shown-media.ts'
import { wellFormed } from '../wire/well-formed.ts'

const LEFT_OUT: readonly Concession[] = [
  ...(['json_schema', 'json_object', 'stream_options', 'stream', 'opaque', 'forcedToolChoice', 'toolChoice'] as const),
  ...(['parallelToolCalls', 'maxOutputTokens', 'temperature', 'topP', 'seed', 'stopSequences', 'reasoningEffort'] as const),
]

/** The body of `POST /chat/completions`, and what it cannot carry. Pure. */
export const openaiChatRequest = (
  request: ModelRequest,
  dialect: ChatDialect,
  conceded: Conceded = new Set(),
  shown: ShownMedia = nothingShown,
): { body: ChatCompletionCreateParamsStreaming; dropped: string[]; offered: Concession[] } => {
  const { model, tools } = request
  const { messages, changed } = legalHistory(request, historyRules(dialect, conceded), shown)
  const instructions = conceded.has('json_schema') ? instructionsWithSchema(request) : request.instructions
  const format = formatOf(request, conceded)
  const settings = settingsIn(request, conceded)
  const choice = choiceIn(request, conceded)
  const body: ChatCompletionCreateParamsStreaming = {
    model,
    messages: [
      ...(instructions.trim() === '' ? [] : [{ role: 'system' as const, content: instructions }]),
      ...messages.map((message) => wireMessage(message, dialect, shown)),
    ],
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, inputSchema }) => ({
        type: 'function' as const,
        function: { name, description, parameters: inputSchema },
      })),
      ...(choice !== undefined && { tool_choice: wireChoice(choice) }),
      ...(settings.parallelToolCalls !== undefined && { parallel_tool_calls: settings.parallelToolCalls }),
    }),
    ...(format && { response_format: format }),
    ...wireSettings(settings, dialect),
    stream: true,
    ...(!conceded.has('stream_options') && !conceded.has('stream') && { stream_options: { include_usage: true } }),
  }
  const whole = withProviderOptions(body, request.providerOptions)
  const legal = wellFormed(whole)
  return {
    body: legal,
    dropped: [...uncarried(settings, ['thinking']), ...changed, ...(legal === whole ? [] : ['unicode']), ...concededOf(request, conceded)],
    offered: offeredOf(request, messages, conceded, LEFT_OUT),
  }
}

const wireChoice = (choice: ToolChoice): ChatCompletionToolChoiceOption =>
  typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.tool } }

const formatOf = ({ output }: ModelRequest, conceded: Conceded): ChatCompletionCreateParamsStreaming['response_format'] => {
  if (output === undefined || conceded.has('json_object')) return undefined
  if (conceded.has('json_schema')) return { type: 'json_object' }
  return { type: 'json_schema', json_schema: { name: schemaName(output.name), schema: output.schema, strict: isStrict(output.schema) } }
}

const wireSettings = (settings: RequestSettings, { outputLimit }: ChatDialect) => ({
  ...(settings.maxOutputTokens !== undefined && { [outputLimit]: settings.maxOutputTokens }),
  ...(settings.temperature !== undefined && { temperature: settings.temperature }),
  ...(settings.topP !== undefined && { top_p: settings.topP }),
  ...(settings.seed !== undefined && { seed: settings.seed }),
  ...(settings.stopSequences !== undefined && { stop: [...settings.stopSequences] }),
  ...(settings.reasoningEffort !== undefined && { reasoning_effort: settings.reasoningEffort }),
})

const wireMessage = (message: Message, dialect: ChatDialect, shown: ShownMedia): ChatCompletionMessageParam => {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: chatContent(message.parts, shown) }
    case 'tool':
      return { role: 'tool', tool_call_id: message.id, content: toolTextWithError(message) }
    case 'assistant':
      return wireAssistantMessage(message.parts, dialect)
  }
}

const wireAssistantMessage = (parts: readonly AssistantPart[], { blankContent }: ChatDialect): ChatCompletionAssistantMessageParam => {
  const text = textOf(parts)
  const calls = parts.flatMap((part, index) => (part.type === 'toolCall' ? [wireCall(part, parts[index + 1])] : []))
  const own = Object.assign({}, ...parts.map((part) => fieldsOf(part, 'message'))) as JsonObject
  if (calls.length === 0) return { ...own, role: 'assistant', content: text }
  return { ...own, role: 'assistant', content: text === '' ? blankContent : text, tool_calls: calls }
}

const wireCall = ({ id, name, argumentsText }: ToolCallPart, next: AssistantPart | undefined): ChatCompletionMessageToolCall => ({
  ...fieldsOf(next, 'toolCall'),
  id,
  type: 'function',
  function: { name, arguments: argumentsText },
})

const fieldsOf = (part: AssistantPart | undefined, place: 'message' | 'toolCall'): JsonObject | undefined =>
  part?.type === 'opaque' ? ownFields(part.content, place) : undefined
