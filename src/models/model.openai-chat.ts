import { readAnswer } from './answer-stream.ts'
import { attempt, checkedAccess, type ProviderAccess } from './attempt.ts'
import type { Model } from './model.ts'
import { openaiChatRequest, type OutputLimitField } from './openai-chat-request.ts'
import { openaiChatReader } from './openai-chat-stream.ts'
import { openaiClient } from './openai-client.ts'
import { openaiFailure } from './openai-error.ts'

/**
 * OpenAI's Chat Completions, and every server that speaks them: vLLM, Ollama, llama.cpp, and others.
 * Opaque parts are dropped, and reasoning is lost between calls: use `openaiResponsesModel` for OpenAI's reasoning models.
 */
export const openaiChatModel = (provider: ProviderAccess): Model => {
  const access = checkedAccess(provider)
  const outputLimit = outputLimitOf(access)
  return {
    call: (request, options) =>
      attempt(
        access,
        options,
        async (line) => {
          const { body, dropped } = openaiChatRequest(request, outputLimit)
          const { data, response, request_id } = await openaiClient(access, line)
            .chat.completions.create(body, { signal: line.signal })
            .withResponse()
          return readAnswer({ events: data, response, requestId: request_id }, openaiChatReader(options.onDelta), request, dropped)
        },
        openaiFailure,
      ),
  }
}

/** Ollama accepts the newer name and ignores it, which leaves an answer without any limit. */
const outputLimitOf = ({ baseUrl }: ProviderAccess): OutputLimitField =>
  baseUrl === undefined || /(^|\.)(openai|azure)\.com$/.test(new URL(baseUrl).hostname) ? 'max_completion_tokens' : 'max_tokens'
