import type { ProviderAccess } from '../../src/models/wire/attempt.ts'
import { anthropicModel } from '../../src/models/anthropic/anthropic-model.ts'
import { openaiChatModel } from '../../src/models/openai/openai-chat-model.ts'
import { openaiResponsesModel } from '../../src/models/openai/openai-responses-model.ts'
import { recordedModel, type ModelApi } from '../../src/models/recorded/recorded-model.ts'
import type { Model } from '../../src/models/model.ts'
import { recordingFetch, type Recording } from '../../src/models/recorded/recordings.ts'
import { anthropicWire, openaiChatWire, openaiResponsesWire } from '../support/model-server-wires.ts'
import { modelConformance } from './model.ts'

/** Asks the server once, keeps the exchange as a line of JSON, and answers from that line. */
const recordThenReplay =
  (api: ModelApi, open: (access: ProviderAccess) => Model) =>
  (baseUrl: string): Model => ({
    async call(request, options) {
      const lines: string[] = []
      const fetch = recordingFetch(globalThis.fetch, (recording) => lines.push(JSON.stringify(recording)))
      const { signal, timeoutMs } = options
      await open({ apiKey: 'key-1', baseUrl, fetch }).call(request, { signal, timeoutMs })
      const recordings = lines.map((line) => JSON.parse(line) as Recording)
      return recordedModel({ api, recordings, baseUrl }).call(request, options)
    },
  })

const hasConnection = false
modelConformance('recorded openai-chat', { wire: openaiChatWire, open: recordThenReplay('openai-chat', openaiChatModel), hasConnection })
modelConformance('recorded openai-responses', {
  wire: openaiResponsesWire,
  open: recordThenReplay('openai-responses', openaiResponsesModel),
  hasConnection,
})
modelConformance('recorded anthropic', { wire: anthropicWire, open: recordThenReplay('anthropic', anthropicModel), hasConnection })
