import type { Model } from '../model.ts'
import { checkedAccess, type ProviderAccess } from '../wire/attempt.ts'
import { modelOnWire } from '../wire/model-on-wire.ts'
import { openaiAddress } from './address.ts'
import { responsesTakes } from './responses-content.ts'
import { openaiResponsesRequest } from './responses-request.ts'
import { openaiSdk } from './sdk.ts'

/** OpenAI's Responses: reasoning comes as opaque, encrypted parts and goes back with the next call. Nothing is stored at the vendor. */
export const openaiResponsesModel = (provider: ProviderAccess): Model =>
  modelOnWire(checkedAccess(provider), {
    address: openaiAddress('/responses'),
    takes: responsesTakes,
    sdk: openaiSdk,
    write: openaiResponsesRequest,
    send: ({ responses }, body, options) => responses.create(body, options),
    reader: async () => (await import('./responses-stream.ts')).openaiResponsesReader,
  })
