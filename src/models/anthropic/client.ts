import { Anthropic, APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk'
import type { Line, ProviderAccess } from '../wire/attempt.ts'
import { classify, retryAfterMs } from '../wire/classify.ts'
import { ERROR_CHARS, excerpt } from '../excerpt.ts'
import { keyHeader } from '../wire/key-header.ts'
import { ANTHROPIC_URL, anthropicAddress } from './address.ts'
import type { ModelFailure } from '../model.ts'

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
    defaultHeaders: { ...keyHeader(anthropicAddress.key, apiKey), ...headers },
  })

/** What Anthropic's client threw, as a failure; undefined for what is none of Anthropic's errors. */
export const anthropicFailure = (thrown: unknown): ModelFailure | undefined => {
  if (!isApiError(thrown)) return undefined
  const message = excerpt(thrown.message, ERROR_CHARS)
  if (thrown instanceof APIConnectionTimeoutError) return { ok: false, class: 'timeout', message }
  if (thrown instanceof APIConnectionError) return { ok: false, class: 'network', message }
  const { status, errorCode, type, headers, requestID } = thrown
  const waitMs = headers && retryAfterMs(headers)
  return {
    ok: false,
    class: classify({
      codes: [errorCode, type].filter((word) => word !== null),
      message: thrown.message,
      ...(status !== undefined && { status }),
      ...(headers && { headers }),
    }),
    message,
    ...(status !== undefined && { status }),
    ...(requestID && { requestId: requestID }),
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  }
}

// Without it, the class's type parameters would be `any`.
const isApiError = (thrown: unknown): thrown is APIError => thrown instanceof APIError
