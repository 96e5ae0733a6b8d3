import { readAnswer, beginAnswer } from '../wire/answer-stream.ts'
import { attempt, checkedAccess, type ProviderAccess } from '../wire/attempt.ts'
import { askConceding, learnedConcessions, type Concession } from '../wire/concessions.ts'
import { shownMedia } from '../wire/shown-media.ts'
import type { Model } from '../model.ts'
import { chatTakes } from './chat-content.ts'
import { chatDialect } from './chat-dialect.ts'
import { openaiChatRequest } from './chat-request.ts'
import { openaiChatReader } from './chat-stream.ts'
import { openaiSdk } from './sdk.ts'

export interface ChatAccess extends ProviderAccess {
  /** False for a server that cannot stream. Left out, it is found out from its refusal. */
  readonly stream?: boolean | undefined
  /** How output of a schema is asked for, where the server is known not to take `json_schema`. Left out, it is found out from its refusal. */
  readonly outputBy?: 'json_schema' | 'json_object' | 'prompt' | undefined
  /** Under which name what only this server understands is kept; by default its host. Only the same name gets it back. */
  readonly vendor?: string | undefined
}

/**
 * OpenAI's Chat Completions, and every server that speaks them: DeepSeek, Gemini, vLLM, Kimi, Azure, Groq, OpenRouter, Ollama, llama.cpp,
 * and others. What a server gives beside the standard fields and wants back (`reasoning_content`, `extra_content`) goes back to it alone.
 * Use `openaiResponsesModel` for OpenAI's own reasoning models, whose reasoning is lost here between calls.
 */
export const openaiChatModel = (provider: ChatAccess): Model => {
  const access = checkedAccess(provider)
  const dialect = chatDialect(access.baseUrl, provider.vendor)
  const learned = learnedConcessions(chosenConcessions(provider))
  return {
    async call(request, options) {
      const shown = await shownMedia(request, chatTakes, options)
      const { openaiClient, openaiFailure } = await openaiSdk()
      return attempt(
        access,
        options,
        (line) =>
          askConceding(request, {
            learned,
            write: (conceded) => openaiChatRequest(request, dialect, conceded, shown),
            failureOf: openaiFailure,
            ask: async ({ body, dropped }, streams) => {
              const completions = openaiClient(access, line).chat.completions
              const answer = await beginAnswer(streams, (stream) =>
                completions.create({ ...body, stream: stream as true }, { signal: line.signal }),
              )
              return readAnswer(answer, openaiChatReader(dialect.vendor, options.onDelta), request, dropped)
            },
          }),
        openaiFailure,
      )
    },
  }
}

const chosenConcessions = ({ stream = true, outputBy = 'json_schema' }: ChatAccess): ReadonlySet<Concession> =>
  new Set<Concession>([
    ...(stream ? [] : (['stream'] as const)),
    ...(outputBy === 'json_schema' ? [] : (['json_schema'] as const)),
    ...(outputBy === 'prompt' ? (['json_object'] as const) : []),
  ])
