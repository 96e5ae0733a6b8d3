import { OpenAI } from 'openai'

import type { Line, ProviderAccess } from '../wire/attempt.ts'

const OPENAI_URL = 'https://api.openai.com/v1'

/** A client for one attempt. What is null would be read from the environment if it were left out. */
export const openaiClient = ({ apiKey, baseUrl = OPENAI_URL, headers }: ProviderAccess, { fetch, timeoutMs }: Line): OpenAI =>
  new OpenAI({
    apiKey,
    baseURL: baseUrl,
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    fetch,
    timeout: timeoutMs,
    maxRetries: 0,
    logLevel: 'off',
    defaultHeaders: { authorization: `Bearer ${apiKey}`, ...headers },
  })
