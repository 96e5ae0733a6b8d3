import { Anthropic } from '@anthropic-ai/sdk'

import { readAnswer } from './answer-stream.ts'
import { anthropicFailure } from './anthropic-error.ts'
import { anthropicRequest } from './anthropic-request.ts'
import { anthropicReader } from './anthropic-stream.ts'
import { attempt, checkedAccess, type Line, type ProviderAccess } from './attempt.ts'
import { beginAnswer } from './begin-answer.ts'
import { askConceding, learnedConcessions } from './concessions.ts'
import type { Model } from './model.ts'

const ANTHROPIC_URL = 'https://api.anthropic.com'

/**
 * Anthropic's Messages, and servers that speak them. `baseUrl` is without `/v1`. Temperature, top-p and seed are dropped.
 * The prompt is cached at the vendor, whose price for writing the cache is above its price for input.
 */
export const anthropicModel = (provider: ProviderAccess): Model => {
  const access = checkedAccess(provider)
  const learned = learnedConcessions()
  return {
    call: (request, options) =>
      attempt(
        access,
        options,
        (line) =>
          askConceding(request, {
            learned,
            write: (conceded) => anthropicRequest(request, conceded),
            failureOf: anthropicFailure,
            ask: async ({ body, dropped }, streams) => {
              const { messages } = clientFor(access, line)
              const answer = await beginAnswer(streams, (stream) =>
                messages.create({ ...body, stream: stream as true }, { signal: line.signal }),
              )
              return readAnswer(answer, anthropicReader(options.onDelta), request, dropped)
            },
          }),
        anthropicFailure,
      ),
  }
}

/** A client for one attempt. What is null would be read from the environment if it were left out. */
const clientFor = ({ apiKey, baseUrl = ANTHROPIC_URL, headers }: ProviderAccess, { fetch, timeoutMs }: Line): Anthropic =>
  new Anthropic({
    apiKey,
    baseURL: baseUrl,
    webhookKey: null,
    fetch,
    timeout: timeoutMs,
    maxRetries: 0,
    logLevel: 'off',
    openTelemetry: false,
    defaultHeaders: { authorization: `Bearer ${apiKey}`, ...headers },
  })
