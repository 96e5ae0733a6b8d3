import { messageOf } from '../errors.ts'
import type { Span } from '../projections/traces/span.ts'
import { withoutPasswordsOf } from '../secrets.ts'
import { beginning } from '../text.ts'
import { present } from '../present.ts'
import { encodeMetrics, type TotalsAt } from './otlp-metrics.ts'
import { encodeSpans, loadOpenTelemetry, type OtlpOptions } from './otlp-spans.ts'

export interface OtlpReceiver extends OtlpOptions {
  /** Of traces `…/v1/traces`, of metrics `…/v1/metrics`. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** What became of spans that were sent. `refused`: they would be refused again. */
export type Sent =
  | { readonly outcome: 'taken'; readonly refused: number; readonly message?: string }
  | { readonly outcome: 'refused'; readonly message: string }
  | { readonly outcome: 'away'; readonly message: string; readonly retryAfterMs?: number }

const TIMEOUT_MS = 10_000
const LONGEST_ANSWER = 64 * 1024
const LONGEST_MESSAGE = 300
const LONGEST_WAIT_MS = 60_000
/** The request itself is what is wrong. Everything else may pass: a key that is renewed, an address that is repaired. */
const REFUSED: ReadonlySet<number> = new Set([400, 413, 422])

/** Sends spans by OTLP over HTTP. Never rejects. */
export const sendSpans = async (receiver: OtlpReceiver, spans: readonly Span[], signal: AbortSignal): Promise<Sent> => {
  const answer = await post(receiver, () => encodeSpans(spans, receiver), signal)
  if (answer.status === 'taken') return takenBy(receiver, answer.body)
  const { message, retryAfterMs } = answer
  if (REFUSED.has(answer.status ?? 0)) return { outcome: 'refused', message }
  return { outcome: 'away', message, ...present({ retryAfterMs }) }
}

/** What became of totals that were sent; the next ones hold all of these. `unwanted`: there is nobody there who takes any. */
export type MetricsSent = { readonly outcome: 'taken' } | { readonly outcome: 'unwanted' | 'away'; readonly message: string }

/** Of a back end for traces alone. */
const UNWANTED: ReadonlySet<number> = new Set([404, 405, 501])

/** Sends totals by OTLP over HTTP. Never rejects. */
export const sendMetrics = async (receiver: OtlpReceiver, totals: TotalsAt, signal: AbortSignal): Promise<MetricsSent> => {
  const answer = await post(receiver, () => encodeMetrics(totals, receiver), signal)
  if (answer.status === 'taken') return pointsTakenBy(receiver, answer.body)
  return { outcome: UNWANTED.has(answer.status ?? 0) ? 'unwanted' : 'away', message: answer.message }
}

type Answer =
  | { readonly status: 'taken'; readonly body: Uint8Array }
  /** Without a status where there was no answer. */
  | { readonly status?: number; readonly message: string; readonly retryAfterMs?: number }

const post = async ({ url, headers, protocol }: OtlpReceiver, encode: () => Promise<Uint8Array>, signal: AbortSignal): Promise<Answer> => {
  try {
    const body = await encode()
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      headers: { ...headers, 'content-type': protocol === 'http/json' ? 'application/json' : 'application/x-protobuf' },
      body: Uint8Array.from(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    const answer = await beginningOf(response)
    const { ok, status } = response
    if (ok) return { status: 'taken', body: answer }
    const said = new TextDecoder().decode(answer)
    const message = beginning(withoutPasswordsOf(url, `${url} answered ${status}: ${said}`), LONGEST_MESSAGE)
    return { status, message, ...retryAfter(response.headers.get('retry-after')) }
  } catch (error) {
    return { message: beginning(withoutPasswordsOf(url, `${url}: ${reasonOf(error)}`), LONGEST_MESSAGE) }
  }
}

/** `fetch failed` says nothing; its cause does. */
const reasonOf = (error: unknown): string =>
  error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error)

const retryAfter = (seconds: string | null): { readonly retryAfterMs?: number } =>
  seconds !== null && /^\d{1,6}$/.test(seconds) ? { retryAfterMs: Math.min(Number(seconds) * 1_000, LONGEST_WAIT_MS) } : {}

const beginningOf = async (response: Response): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  let length = 0
  const body: AsyncIterable<Uint8Array> | null = response.body
  if (body === null) return new Uint8Array()
  for await (const part of body) {
    parts.push(part)
    length += part.length
    if (length > LONGEST_ANSWER) break
  }
  return Buffer.concat(parts)
}

/** An answer that nobody can read is still one that says that all was taken. */
const takenBy = async ({ protocol }: OtlpReceiver, answer: Uint8Array): Promise<Sent> => {
  const { JsonTraceSerializer, ProtobufTraceSerializer } = await loadOpenTelemetry()
  try {
    const { partialSuccess } = (protocol === 'http/json' ? JsonTraceSerializer : ProtobufTraceSerializer).deserializeResponse(answer)
    // A text, in the JSON of protobuf.
    const rejected: unknown = partialSuccess?.rejectedSpans
    const refused = Number(rejected ?? 0)
    if (refused > 0) return { outcome: 'taken', refused, message: beginning(partialSuccess?.errorMessage ?? '', LONGEST_MESSAGE) }
  } catch {
    // As above.
  }
  return { outcome: 'taken', refused: 0 }
}

const pointsTakenBy = async ({ protocol }: OtlpReceiver, answer: Uint8Array): Promise<MetricsSent> => {
  const { JsonMetricsSerializer, ProtobufMetricsSerializer } = await loadOpenTelemetry()
  try {
    const { partialSuccess } = (protocol === 'http/json' ? JsonMetricsSerializer : ProtobufMetricsSerializer).deserializeResponse(answer)
    const rejected: unknown = partialSuccess?.rejectedDataPoints
    const refused = Number(rejected ?? 0)
    if (refused > 0)
      return { outcome: 'away', message: beginning(`${refused} points refused: ${partialSuccess?.errorMessage ?? ''}`, LONGEST_MESSAGE) }
  } catch {
    // As above.
  }
  return { outcome: 'taken' }
}
