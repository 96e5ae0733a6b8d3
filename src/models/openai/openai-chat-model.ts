import type { OptionNames } from '../../known-options.ts'
import type { Model } from '../model.ts'
import { accessOptions, checkedAccess, type ProviderAccess } from '../wire/attempt.ts'
import type { Concession } from '../wire/concessions.ts'
import { modelOnWire } from '../wire/model-on-wire.ts'
import { openaiAddress } from './address.ts'
import { chatTakes } from './chat-content.ts'
import { chatDialect } from './chat-dialect.ts'
import { openaiChatRequest } from './chat-request.ts'
import { openaiSdk } from './sdk.ts'

export interface ChatAccess extends ProviderAccess {
  /** False for a server that cannot stream. Left out, it is found out from its refusal. */
  readonly stream?: boolean | undefined
  /** How output of a schema is asked for, where the server is known not to take `json_schema`. Left out, it is found out from its refusal. */
  readonly outputBy?: 'json_schema' | 'json_object' | 'prompt' | undefined
  /** Under which name what only this server understands is kept; by default its host. Only the same name gets it back. */
  readonly vendor?: string | undefined
}

const CHAT_OPTIONS: OptionNames<ChatAccess> = { ...accessOptions, stream: true, outputBy: true, vendor: true }

/**
 * OpenAI's Chat Completions, and every server that speaks them: DeepSeek, Gemini, vLLM, Kimi, Azure, Groq, OpenRouter, Ollama, llama.cpp,
 * and others. What a server gives beside the standard fields and wants back (`reasoning_content`, `extra_content`) goes back to it alone.
 * Use `openaiResponsesModel` for OpenAI's own reasoning models, whose reasoning is lost here between calls.
 */
export const openaiChatModel = (provider: ChatAccess): Model => {
  const access = checkedAccess(provider, CHAT_OPTIONS)
  const dialect = chatDialect(access.baseUrl, provider.vendor)
  return modelOnWire(
    access,
    {
      address: openaiAddress('/chat/completions'),
      takes: chatTakes,
      sdk: openaiSdk,
      write: (request, conceded, shown) => openaiChatRequest(request, dialect, conceded, shown),
      send: ({ chat }, body, options) => chat.completions.create(body, options),
      async reader() {
        const { openaiChatReader } = await import('./chat-stream.ts')
        return (onDelta) => openaiChatReader(dialect.vendor, onDelta)
      },
    },
    chosenConcessions(provider),
  )
}

const chosenConcessions = ({ stream = true, outputBy = 'json_schema' }: ChatAccess): ReadonlySet<Concession> =>
  new Set<Concession>([
    ...(stream ? [] : (['stream'] as const)),
    ...(outputBy === 'json_schema' ? [] : (['json_schema'] as const)),
    ...(outputBy === 'prompt' ? (['json_object'] as const) : []),
  ])
