import type { ProviderAccess } from '../wire/attempt.ts'
import { anthropicModel } from '../anthropic/anthropic-model.ts'
import { openaiChatModel } from '../openai/openai-chat-model.ts'
import { openaiResponsesModel } from '../openai/openai-responses-model.ts'
import type { Model } from '../model.ts'
import { recordedFetch, type Recording, type RecordingMatch } from './recordings.ts'

export type ModelApi = 'openai-chat' | 'openai-responses' | 'anthropic'

const OPEN: Readonly<Record<ModelApi, (access: ProviderAccess) => Model>> = {
  'openai-chat': openaiChatModel,
  'openai-responses': openaiResponsesModel,
  anthropic: anthropicModel,
}

/**
 * A provider that answers from recordings through the real adapter, and never reaches the network.
 * `baseUrl` is the server that was recorded, where it was not the vendor's own: an adapter may write other requests for it.
 * Rejects with `RecordingMissing` when asked what was never recorded.
 */
export const recordedModel = (options: {
  readonly api: ModelApi
  readonly recordings: Iterable<Recording>
  readonly match?: RecordingMatch
  readonly baseUrl?: string
}): Model => ({
  isFree: true,
  ...OPEN[options.api]({
    apiKey: 'recorded',
    fetch: recordedFetch(options.recordings, options.match),
    ...(options.baseUrl !== undefined && { baseUrl: options.baseUrl }),
  }),
})
