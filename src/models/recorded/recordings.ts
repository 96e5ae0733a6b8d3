import { AppError } from '../../errors.ts'
import { sha256 } from '../../hash.ts'
import { canonicalJson, type Json } from '../../json.ts'
import type { Fetch } from '../wire/attempt.ts'
import { excerpt } from '../excerpt.ts'

/** One exchange with a provider, as one line of JSON. Holds prompts and answers, and no credentials. */
export interface Recording {
  /** What a request is found by: by default the SHA-256 of its body's canonical JSON. */
  readonly key: string
  readonly path: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The body as it came, piece by piece. */
  readonly chunks: readonly string[]
}

/** The key of a request. Equal keys mean: answer with the same recording. */
export type RecordingMatch = (url: string, body: Json) => string

/** The exact request, whatever the order of its members. */
export const matchExactly: RecordingMatch = (_url, body) => sha256(canonicalJson(body))

const KEPT_HEADERS = [
  'content-type',
  'date',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'x-request-id',
  'x-should-retry',
  'anthropic-version',
]

/**
 * A `fetch` that also hands every answer, failed ones too, to `sink` when its body was read to the end.
 * An exchange that broke off is not recorded, and neither is one that the client breaks off because the vendor
 * reports an error in the middle of its stream: the `fetch` cannot tell that from a caller who gives up.
 */
export const recordingFetch =
  (fetch: Fetch, sink: (recording: Recording) => void, match: RecordingMatch = matchExactly): Fetch =>
  async (input, init) => {
    const { url, body } = requestOf(input, init)
    const response = await fetch(input, init)
    const chunks: string[] = []
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    const keep = (text: string): void => {
      if (text !== '') chunks.push(text)
    }
    const record = (): void => {
      keep(decoder.decode())
      const headers = Object.fromEntries([...response.headers].filter(([name]) => KEPT_HEADERS.includes(name)))
      sink({ key: match(url, body), path: new URL(url).pathname, status: response.status, headers, chunks })
    }
    if (!response.body) {
      record()
      return response
    }
    const copy = new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        keep(decoder.decode(bytes, { stream: true }))
        controller.enqueue(bytes)
      },
      flush: record,
      // A client that has seen its end marker reads no further; one that gives up aborts first.
      cancel() {
        if (!init?.signal?.aborted) record()
      },
    })
    return new Response(response.body.pipeThrough(copy), { status: response.status, headers: response.headers })
  }

/**
 * A `fetch` that answers from recordings and never reaches the network. A request that was recorded n times gets its
 * recordings in order, and from then on the last one. Rejects with `RecordingMissing` for a request that was never recorded.
 */
export const recordedFetch = (recordings: Iterable<Recording>, match: RecordingMatch = matchExactly): Fetch => {
  const byKey = new Map<string, Recording[]>()
  for (const recording of recordings) {
    const sameKey = byKey.get(recording.key)
    if (sameKey) sameKey.push(recording)
    else byKey.set(recording.key, [recording])
  }
  const timesAsked = new Map<string, number>()
  return (input, init) => {
    const { url, body } = requestOf(input, init)
    const key = match(url, body)
    const answers = byKey.get(key) ?? []
    const asked = timesAsked.get(key) ?? 0
    const recording = answers[Math.min(asked, answers.length - 1)]
    if (!recording) return Promise.reject(missing(key, url, body, byKey.size))
    timesAsked.set(key, asked + 1)
    init?.signal?.throwIfAborted()
    return Promise.resolve(replay(recording))
  }
}

const encoder = new TextEncoder()

const replay = ({ status, headers, chunks }: Recording): Response => {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk))
      controller.close()
    },
  })
  return new Response(body, { status, headers })
}

const requestOf = (input: Parameters<Fetch>[0], init: RequestInit | undefined): { url: string; body: Json } => {
  if (typeof init?.body !== 'string') throw new AppError('InvalidInput', 'only requests with a JSON text as their body can be recorded')
  return { url: input instanceof Request ? input.url : String(input), body: JSON.parse(init.body) as Json }
}

const missing = (key: string, url: string, body: Json, known: number): AppError => {
  const path = new URL(url).pathname
  return new AppError(
    'RecordingMissing',
    `no recording of ${path} with key ${key} among ${known} recorded requests; the request ends with ${lastMessage(body)}`,
    { details: { key, path } },
  )
}

const lastMessage = (body: Json): string => {
  const { messages, input } = body as { messages?: Json; input?: Json }
  const list = messages ?? input
  return excerpt(JSON.stringify(Array.isArray(list) ? list.at(-1) : body))
}
