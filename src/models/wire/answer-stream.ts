import { z } from 'zod'
import { textOf, toolCallsOf, type AssistantPart, type Usage } from '../../events/message.ts'
import type { JsonObject } from '../../json.ts'
import type { Said } from './attempt.ts'
import { estimatedUsage } from '../estimated-usage.ts'
import { excerpt } from '../excerpt.ts'
import type { ModelFailure, ModelOutcome, ModelRequest } from '../model.ts'
import { statedFailure } from './stated-error.ts'

/** A stream that came to its terminal marker, in the words of all vendors. */
export interface Finished {
  readonly end: 'answer' | 'length' | 'contextLength' | 'refusal'
  /** The vendor's own word. */
  readonly stop: string
  /** What the vendor says about a refusal. */
  readonly explanation?: string
  readonly parts: readonly AssistantPart[]
  /** Missing where a compatible server does not count. */
  readonly usage?: Usage
  /** Missing where a compatible server does not say. */
  readonly model?: string
  readonly responseId?: string
}

/** Folds the events of one answer. */
export interface StreamReader {
  /** Returns a failure for an event that cannot be understood or that says the call failed; it is then not called again. */
  read(event: unknown): ModelFailure | undefined
  /** Undefined as long as the terminal marker has not come. */
  finished(): Finished | undefined
  /** A whole answer, as it comes without streaming, as the events of a stream. */
  eventsOf(whole: JsonObject): readonly unknown[]
}

/** Something of a vendor's that is kept whole: a JSON object with a `type`. */
export const vendorItem = z.custom<JsonObject & { readonly type: string }>(
  (value) => typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string',
)

export const protocolFailure = (message: string): ModelFailure => ({ ok: false, class: 'protocol', message })

/** An answer that has begun. */
export interface OpenAnswer {
  /** Without them the answer was not asked for as a stream. */
  readonly events?: AsyncIterable<unknown>
  readonly response: Response
  readonly requestId: string | null
}

/**
 * Reads one answer to its end. A stream without its terminal marker is never an answer: it is a lost connection
 * (`network`) when it had begun, and no answer at all (`protocol`) when nothing in it could be read.
 */
export const readAnswer = async (
  open: OpenAnswer,
  reader: StreamReader,
  request: ModelRequest,
  dropped: readonly string[],
): Promise<Said> => {
  const { events, response, requestId } = open
  const origin = { status: response.status, ...(requestId !== null && { requestId }) }
  const type = response.headers.get('content-type')
  const isStream = events !== undefined && (type === null || type.includes('event-stream'))
  const read = isStream ? await readEvents(events, reader) : await readWhole(response, reader)
  if (read.failure) return { ...read.failure, ...origin, ...(read.failure.status !== undefined && { status: read.failure.status }) }
  const finished = reader.finished()
  if (finished) return { ...outcomeOf(finished, request, dropped), ...(requestId !== null && { requestId }) }
  return { unfinished: { ...read.unfinished, ...origin } }
}

interface Read {
  readonly failure: ModelFailure | undefined
  /** What it amounts to where the terminal marker has not come. */
  readonly unfinished: ModelFailure
}

const readEvents = async (events: AsyncIterable<unknown>, reader: StreamReader): Promise<Read> => {
  let count = 0
  let failure: ModelFailure | undefined
  // Read to the end even so: the connection is kept, and a recorder on it gets the whole exchange.
  for await (const event of events) {
    count += 1
    failure ??= reader.read(event) ?? (isStatedError(event) ? statedFailure(event) : undefined)
  }
  const unfinished: ModelFailure =
    count === 0
      ? protocolFailure('the event stream was empty')
      : { ok: false, class: 'network', message: `the stream ended after ${count} events without its terminal marker` }
  return { failure, unfinished }
}

/** What a server says in a 200 that is no stream: a whole answer, or that the call has failed. */
const readWhole = async (response: Response, reader: StreamReader): Promise<Read> => {
  const text = await response.text()
  const type = response.headers.get('content-type') ?? 'no type'
  const unfinished = protocolFailure(`expected an answer, whole or as an event stream, got ${type}: ${JSON.stringify(excerpt(text))}`)
  const body = parsed(text)
  if (typeof body !== 'object' || body === null) return { failure: undefined, unfinished }
  const stated = statedFailure(body, response.headers)
  if (stated) return { failure: stated, unfinished }
  let failure: ModelFailure | undefined
  if (!Array.isArray(body)) for (const event of reader.eventsOf(body as JsonObject)) failure ??= reader.read(event)
  return { failure, unfinished }
}

const isStatedError = (event: unknown): boolean =>
  typeof event === 'object' && event !== null && 'object' in event && event.object === 'error'

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Uncounted usage is estimated, and `dropped` says so: with zeros no token limit and no budget would ever bind. */
const outcomeOf = (finished: Finished, request: ModelRequest, dropped: readonly string[]): ModelOutcome => {
  const usage = finished.usage ?? estimatedUsage(request, finished.parts)
  const failure = failureOf(finished)
  if (failure) return { ...failure, usage }
  return {
    ok: true,
    parts: finished.parts,
    stop: finished.stop,
    usage,
    model: finished.model ?? request.model,
    ...(finished.responseId !== undefined && { responseId: finished.responseId }),
    dropped: finished.usage ? dropped : [...dropped, 'usage'],
  }
}

const failureOf = ({ end, stop, explanation, parts }: Finished): ModelFailure | undefined => {
  switch (end) {
    case 'length':
      return { ok: false, class: 'length', message: `the answer was cut at the output limit (${stop}); its tool calls are void` }
    case 'contextLength':
      return { ok: false, class: 'contextLength', message: `prompt and answer exceed the model's context (${stop})` }
    case 'refusal':
      return { ok: false, class: 'refusal', message: `the model refused (${stop})${explanation ? `: ${excerpt(explanation)}` : ''}` }
    case 'answer':
      if (toolCallsOf(parts).length > 0 || textOf(parts).trim() !== '') return undefined
      return { ok: false, class: 'empty', message: `the model stopped (${stop}) without text and without tool calls` }
  }
}

/** What a client's call promises, before anybody has read its answer. */
export interface BegunCall {
  asResponse(): Promise<Response>
  withResponse(): Promise<{
    readonly data: AsyncIterable<unknown>
    readonly response: Response
    readonly request_id?: string | null | undefined
  }>
}

/** Without streaming the client would read the answer itself, and take whatever comes for one. */
export const beginAnswer = async (streams: boolean, call: (streams: boolean) => BegunCall): Promise<OpenAnswer> => {
  if (streams) {
    const { data, response, request_id: requestId } = await call(true).withResponse()
    return { events: data, response, requestId: requestId ?? null }
  }
  const response = await call(false).asResponse()
  return { response, requestId: response.headers.get('x-request-id') ?? response.headers.get('request-id') }
}
