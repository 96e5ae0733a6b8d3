import type { Anthropic } from '@anthropic-ai/sdk'
import type { Model } from '../model.ts'
import { checkedAccess, type ProviderAccess } from '../wire/attempt.ts'
import { modelOnWire, type VendorSdk } from '../wire/model-on-wire.ts'
import { anthropicAddress } from './address.ts'
import { anthropicTakes } from './content.ts'
import { anthropicRequest } from './request.ts'

/**
 * Anthropic's Messages, and servers that speak them. `baseUrl` is without `/v1`. Temperature, top-p and seed are dropped.
 * The prompt is cached at the vendor, whose price for writing the cache is above its price for input.
 */
export const anthropicModel = (provider: ProviderAccess): Model =>
  modelOnWire(checkedAccess(provider), {
    address: anthropicAddress,
    takes: anthropicTakes,
    sdk: anthropicSdk,
    write: anthropicRequest,
    send: ({ messages }, body, options) => messages.create(body, options),
    reader: async () => (await import('./stream.ts')).anthropicReader,
  })

const anthropicSdk = async (): Promise<VendorSdk<Anthropic>> => {
  const { anthropicClient, anthropicFailure } = await import('./client.ts')
  return { open: anthropicClient, failureOf: anthropicFailure }
}
