import { Anthropic } from '@anthropic-ai/sdk'

import type { Line, ProviderAccess } from '../wire/attempt.ts'

const ANTHROPIC_URL = 'https://api.anthropic.com'

/** A client for one attempt. What is null would be read from the environment if it were left out. */
export const anthropicClient = ({ apiKey, baseUrl = ANTHROPIC_URL, headers }: ProviderAccess, { fetch, timeoutMs }: Line): Anthropic =>
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
