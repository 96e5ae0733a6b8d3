import { readAnswer, beginAnswer } from '../wire/answer-stream.ts'
import { anthropicTakes } from './content.ts'
import { anthropicRequest } from './request.ts'
import { anthropicReader } from './stream.ts'
import { attempt, checkedAccess, type ProviderAccess } from '../wire/attempt.ts'
import { askConceding, learnedConcessions } from '../wire/concessions.ts'
import { shownMedia } from '../wire/shown-media.ts'
import type { Model } from '../model.ts'

/**
 * Anthropic's Messages, and servers that speak them. `baseUrl` is without `/v1`. Temperature, top-p and seed are dropped.
 * The prompt is cached at the vendor, whose price for writing the cache is above its price for input.
 */
export const anthropicModel = (provider: ProviderAccess): Model => {
  const access = checkedAccess(provider)
  const learned = learnedConcessions()
  return {
    async call(request, options) {
      const shown = await shownMedia(request, anthropicTakes, options)
      const { anthropicClient, anthropicFailure } = await anthropicSdk()
      return attempt(
        access,
        options,
        (line) =>
          askConceding(request, {
            learned,
            write: (conceded) => anthropicRequest(request, conceded, shown),
            failureOf: anthropicFailure,
            ask: async ({ body, dropped }, streams) => {
              const { messages } = anthropicClient(access, line)
              const answer = await beginAnswer(streams, (stream) =>
                messages.create({ ...body, stream: stream as true }, { signal: line.signal }),
              )
              return readAnswer(answer, anthropicReader(options.onDelta), request, dropped)
            },
          }),
        anthropicFailure,
      )
    },
  }
}

/** Loaded with the first call, like OpenAI's. */
const anthropicSdk = () => import('./client.ts')
