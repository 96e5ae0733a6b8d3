import { OpenAI, APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai'
import type { Line, ProviderAccess } from '../wire/attempt.ts'
import { classify, retryAfterMs } from '../wire/classify.ts'
import { ERROR_CHARS, excerpt } from '../excerpt.ts'
import type { ModelFailure } from '../model.ts'
import { keyHeader } from '../wire/key-header.ts'
import { OPENAI_URL, openaiKey } from './address.ts'
import { statedFailure } from '../wire/stated-error.ts'

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
    defaultHeaders: { ...keyHeader(openaiKey, apiKey), ...headers },
  })

/** What OpenAI's client threw, as a failure; undefined for what is none of OpenAI's errors. */
export const openaiFailure = (thrown: unknown): ModelFailure | undefined => {
  if (!isApiError(thrown)) return undefined
  const message = excerpt(thrown.message, ERROR_CHARS)
  if (thrown instanceof APIConnectionTimeoutError) return { ok: false, class: 'timeout', message }
  if (thrown instanceof APIConnectionError) return { ok: false, class: 'network', message }
  // In the middle of a stream there is no status but the one that the error names.
  if (thrown.status === undefined) return withRequestId(statedFailure({ error: thrown.error ?? thrown.message }, thrown.headers), thrown)
  const { status, code, type, headers, requestID } = thrown
  // Compatible servers put numbers into `code`, whatever its type says.
  const words: readonly unknown[] = [code, type]
  const waitMs = headers && retryAfterMs(headers)
  return {
    ok: false,
    class: classify({
      codes: words.filter((word) => typeof word === 'string'),
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

const withRequestId = (failure: ModelFailure | undefined, { requestID }: APIError): ModelFailure | undefined =>
  failure && { ...failure, ...(requestID && { requestId: requestID }) }

// Without it, the class's type parameters would be `any`.
const isApiError = (thrown: unknown): thrown is APIError => thrown instanceof APIError
