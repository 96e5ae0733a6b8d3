import { messageOf } from '../errors.ts'
import type { Span } from '../projections/traces/span.ts'
import { withoutPasswordsOf } from '../secrets.ts'
import { beginning } from '../text.ts'
import { encodeSpans, loadOpenTelemetry, type OtlpOptions } from './otlp-spans.ts'

export interface OtlpReceiver extends OtlpOptions {
  /** Of traces: `…/v1/traces`. */
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
  const { url, headers, protocol } = receiver
  try {
    const body = await encodeSpans(spans, receiver)
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      headers: { ...headers, 'content-type': protocol === 'http/json' ? 'application/json' : 'application/x-protobuf' },
      body: Uint8Array.from(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    const answer = await beginningOf(response)
    if (response.ok) return await takenBy(receiver, answer)
    const said = new TextDecoder().decode(answer)
    const message = beginning(withoutPasswordsOf(url, `${url} answered ${response.status}: ${said}`), LONGEST_MESSAGE)
    if (REFUSED.has(response.status)) return { outcome: 'refused', message }
    return { outcome: 'away', message, ...retryAfter(response.headers.get('retry-after')) }
  } catch (error) {
    return { outcome: 'away', message: beginning(withoutPasswordsOf(url, `${url}: ${reasonOf(error)}`), LONGEST_MESSAGE) }
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
