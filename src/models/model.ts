import type { BlobSource } from '../events/content.ts'
import type { AssistantPart, Message, ModelFailureClass, Usage } from '../events/message.ts'
import type { ModelSettings, ToolChoice } from '../events/model-settings.ts'
import type { JsonObject } from '../json.ts'

export interface ToolDeclaration {
  readonly name: string
  readonly description: string
  /** JSON Schema 2020-12 of the arguments. */
  readonly inputSchema: JsonObject
}

/** One prompt, as pure JSON and of no vendor: what the fingerprint in `ModelCallRequested` covers. */
export interface ModelRequest {
  /** The vendor's own name of the model, without the provider's prefix. */
  readonly model: string
  readonly instructions: string
  /** Never changed in place after the call began. */
  readonly messages: readonly Message[]
  readonly tools: readonly ToolDeclaration[]
  readonly toolChoice: ToolChoice
  /** The answer has to be JSON of this schema. */
  readonly output?: { readonly name: string; readonly schema: JsonObject }
  readonly settings: RequestSettings
  /** Fields of its own that the vendor's request gets beside those of Refold, none of which they are. */
  readonly providerOptions?: JsonObject
}

/** What stands in the request by itself is no part of them. */
export type RequestSettings = Omit<ModelSettings, 'toolChoice' | 'providerOptions'>

/** Whether the model has to call a tool. */
export const forcesTool = (choice: ToolChoice): choice is Exclude<ToolChoice, 'auto' | 'none'> => choice !== 'auto' && choice !== 'none'

export interface ModelAnswer {
  readonly ok: true
  readonly parts: readonly AssistantPart[]
  /** The vendor's own word for why it stopped. */
  readonly stop: string
  readonly usage: Usage
  /** The model that answered, as the vendor names it. */
  readonly model: string
  readonly responseId?: string | undefined
  readonly requestId?: string | undefined
  /** What the vendor cannot carry and the adapter therefore left out, such as `temperature`. */
  readonly dropped: readonly string[]
}

export interface ModelFailure {
  readonly ok: false
  readonly class: ModelFailureClass
  readonly message: string
  readonly status?: number | undefined
  readonly requestId?: string | undefined
  /** What the vendor asked us to wait, ms. */
  readonly retryAfterMs?: number | undefined
  /** Present where the failed call was paid for (length, refusal, empty). */
  readonly usage?: Usage | undefined
}

export type ModelOutcome = ModelAnswer | ModelFailure

export interface ModelCallOptions {
  /** Aborting it ends the call; the promise then rejects with the signal's reason. */
  readonly signal: AbortSignal
  readonly timeoutMs: number
  /** Pieces of the answer's text as they come. A side channel: never part of the log. */
  readonly onDelta?: (text: string) => void
  /** The bytes of a picture or file that the messages name. Rejects where they cannot be read. */
  readonly readBlob?: (source: BlobSource) => Promise<Uint8Array>
}

/** A call as its adapter would put it on the wire, without the key. */
export interface WrittenRequest {
  readonly url: string
  /** Beside that of the key. */
  readonly headers: Readonly<Record<string, string>>
  /** The header that the key goes into, what stands before it there, and the variable that it is usually in. */
  readonly key: { readonly header: string; readonly before: string; readonly variable: string }
  readonly body: JsonObject
  /** What of the call it cannot carry. */
  readonly dropped: readonly string[]
}

/**
 * One provider. Makes exactly one attempt: retries, fallbacks and budgets belong to the chart.
 * Whatever the world does is a returned outcome; it rejects only on abort and on defects.
 */
export interface Model {
  /** Set where nobody is billed: a script or a recording. A money limit then holds at once. */
  readonly isFree?: true | undefined
  call(request: ModelRequest, options: ModelCallOptions): Promise<ModelOutcome>
  /** What a call would send first. Asks nobody. Absent where nothing is sent. */
  readonly written?: ((request: ModelRequest, options: Pick<ModelCallOptions, 'readBlob'>) => Promise<WrittenRequest>) | undefined
}

/** By provider name, the part of `openai/gpt-…` before the first slash. */
export type Models = Readonly<Record<string, Model>>

/** What every object inherits is no provider. */
export const providerIn = (models: Models, name: string): Model | undefined => (Object.hasOwn(models, name) ? models[name] : undefined)
