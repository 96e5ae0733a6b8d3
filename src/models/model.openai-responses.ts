import { readAnswer } from './answer-stream.ts'
import { attempt, checkedAccess, type ProviderAccess } from './attempt.ts'
import type { Model } from './model.ts'
import { openaiClient } from './openai-client.ts'
import { openaiFailure } from './openai-error.ts'
import { openaiResponsesRequest } from './openai-responses-request.ts'
import { openaiResponsesReader } from './openai-responses-stream.ts'

/** OpenAI's Responses: reasoning comes as opaque, encrypted parts and goes back with the next call. Nothing is stored at the vendor. */
export const openaiResponsesModel = (provider: ProviderAccess): Model => {
  const access = checkedAccess(provider)
  return {
    call: (request, options) =>
      attempt(
        access,
        options,
        async (line) => {
          const { body, dropped } = openaiResponsesRequest(request)
          const { data, response, request_id } = await openaiClient(access, line)
            .responses.create(body, { signal: line.signal })
            .withResponse()
          return readAnswer({ events: data, response, requestId: request_id }, openaiResponsesReader(options.onDelta), request, dropped)
        },
        openaiFailure,
      ),
  }
}
