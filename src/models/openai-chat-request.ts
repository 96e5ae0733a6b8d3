import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions'

import { textOf, toolCallsOf, type AssistantPart, type Message } from '../events/message.ts'
import type { ModelRequest } from './model.ts'
import { isStrict } from './output-schema.ts'
import { droppedOpaque, toolTextWithError } from './request-parts.ts'

/** `max_tokens` is what compatible servers know; OpenAI's own newer models refuse it. */
export type OutputLimitField = 'max_completion_tokens' | 'max_tokens'

/** The body of `POST /chat/completions`, and what it cannot carry. Pure. */
export const openaiChatRequest = (
  request: ModelRequest,
  outputLimit: OutputLimitField,
): { body: ChatCompletionCreateParamsStreaming; dropped: string[] } => {
  const { model, instructions, messages, tools, toolChoice, output } = request
  const body: ChatCompletionCreateParamsStreaming = {
    model,
    messages: [...(instructions === '' ? [] : [{ role: 'system' as const, content: instructions }]), ...messages.map(wireMessage)],
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, inputSchema }) => ({
        type: 'function' as const,
        function: { name, description, parameters: inputSchema },
      })),
      tool_choice: toolChoice,
    }),
    ...(output && {
      response_format: {
        type: 'json_schema' as const,
        json_schema: { name: output.name, schema: output.schema, strict: isStrict(output.schema) },
      },
    }),
    ...wireSettings(request, outputLimit),
    stream: true,
    stream_options: { include_usage: true },
  }
  return { body, dropped: droppedOpaque(messages) }
}

const wireSettings = ({ settings }: ModelRequest, outputLimit: OutputLimitField) => ({
  ...(settings.maxOutputTokens !== undefined && { [outputLimit]: settings.maxOutputTokens }),
  ...(settings.temperature !== undefined && { temperature: settings.temperature }),
  ...(settings.topP !== undefined && { top_p: settings.topP }),
  ...(settings.seed !== undefined && { seed: settings.seed }),
  ...(settings.reasoningEffort !== undefined && { reasoning_effort: settings.reasoningEffort }),
})

const wireMessage = (message: Message): ChatCompletionMessageParam => {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: message.text }
    case 'tool':
      return { role: 'tool', tool_call_id: message.id, content: toolTextWithError(message) }
    case 'assistant':
      return wireAssistantMessage(message.parts)
  }
}

const wireAssistantMessage = (parts: readonly AssistantPart[]): ChatCompletionAssistantMessageParam => {
  const calls = toolCallsOf(parts)
  const hasText = parts.some((part) => part.type === 'text')
  if (calls.length === 0) return { role: 'assistant', content: textOf(parts) }
  return {
    role: 'assistant',
    content: hasText ? textOf(parts) : null,
    tool_calls: calls.map(({ id, name, argumentsText }) => ({ id, type: 'function', function: { name, arguments: argumentsText } })),
  }
}
