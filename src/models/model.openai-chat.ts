import { readAnswer } from './answer-stream.ts'
import { attempt, checkedAccess, type ProviderAccess } from './attempt.ts'
import type { Model } from './model.ts'
import { chatDialect } from './openai-chat-dialect.ts'
import { openaiChatRequest } from './openai-chat-request.ts'
import { openaiChatReader } from './openai-chat-stream.ts'
import { openaiClient } from './openai-client.ts'
import { openaiFailure } from './openai-error.ts'

/**
 * OpenAI's Chat Completions, and every server that speaks them: vLLM, Ollama, llama.cpp, and others.
 * Opaque parts are dropped, and reasoning is lost between calls: use `openaiResponsesModel` for OpenAI's reasoning models.
 */
export const openaiChatModel = (provider: ProviderAccess): Model => {
  const access = checkedAccess(provider)
  const dialect = chatDialect(access.baseUrl)
  return {
    call: (request, options) =>
      attempt(
        access,
        options,
        async (line) => {
          const { body, dropped } = openaiChatRequest(request, dialect)
          const { data, response, request_id } = await openaiClient(access, line)
            .chat.completions.create(body, { signal: line.signal })
            .withResponse()
          return readAnswer({ events: data, response, requestId: request_id }, openaiChatReader(options.onDelta), request, dropped)
        },
        openaiFailure,
      ),
  }
}
