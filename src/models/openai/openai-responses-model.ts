import { readAnswer, beginAnswer } from '../wire/answer-stream.ts'
import { attempt, checkedAccess, type ProviderAccess } from '../wire/attempt.ts'
import { askConceding, learnedConcessions } from '../wire/concessions.ts'
import { shownMedia } from '../wire/shown-media.ts'
import type { Model } from '../model.ts'
import { responsesTakes } from './responses-content.ts'
import { openaiResponsesRequest } from './responses-request.ts'
import { openaiResponsesReader } from './responses-stream.ts'
import { openaiSdk } from './sdk.ts'

/** OpenAI's Responses: reasoning comes as opaque, encrypted parts and goes back with the next call. Nothing is stored at the vendor. */
export const openaiResponsesModel = (provider: ProviderAccess): Model => {
  const access = checkedAccess(provider)
  const learned = learnedConcessions()
  return {
    async call(request, options) {
      const shown = await shownMedia(request, responsesTakes, options)
      const { openaiClient, openaiFailure } = await openaiSdk()
      return attempt(
        access,
        options,
        (line) =>
          askConceding(request, {
            learned,
            write: (conceded) => openaiResponsesRequest(request, conceded, shown),
            failureOf: openaiFailure,
            ask: async ({ body, dropped }, streams) => {
              const { responses } = openaiClient(access, line)
              const answer = await beginAnswer(streams, (stream) =>
                responses.create({ ...body, stream: stream as true }, { signal: line.signal }),
              )
              return readAnswer(answer, openaiResponsesReader(options.onDelta), request, dropped)
            },
          }),
        openaiFailure,
      )
    },
  }
}
