import type { OpenAI } from 'openai'
import type { VendorSdk } from '../wire/model-on-wire.ts'

export const openaiSdk = async (): Promise<VendorSdk<OpenAI>> => {
  const { openaiClient, openaiFailure } = await import('./client.ts')
  return { open: openaiClient, failureOf: openaiFailure }
}
