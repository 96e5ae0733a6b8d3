import type { AssistantPart, Usage } from '../events/message.ts'
import type { ModelRequest } from './model.ts'

const CHARS_PER_TOKEN = 4

const tokensOf = (chars: number): number => Math.ceil(chars / CHARS_PER_TOKEN)

/**
 * Four characters to a token, over the JSON of the prompt and of the answer. A function of its input alone,
 * for where nobody counted: scripted models, recorded conversations, and servers that report no usage.
 */
export const estimatedUsage = (request: ModelRequest, parts: readonly AssistantPart[]): Usage => {
  const prompt = JSON.stringify([request.instructions, request.messages, request.tools, request.output?.schema ?? null])
  return {
    inputTokens: tokensOf(prompt.length),
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: tokensOf(parts.reduce((chars, part) => chars + charsOf(part), 0)),
    reasoningTokens: 0,
  }
}

const charsOf = (part: AssistantPart): number => {
  switch (part.type) {
    case 'text':
      return part.text.length
    case 'toolCall':
      return part.name.length + part.argumentsText.length
    case 'opaque':
      return JSON.stringify(part.content).length
  }
}
