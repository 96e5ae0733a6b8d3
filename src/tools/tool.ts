import type { z } from 'zod'
import type { BlobSource, MediaPart } from '../events/content.ts'
import type { GivenContent } from '../events/given-content.ts'
import type { ToolEffect } from '../events/definition.ts'
import type { JsonObject } from '../json.ts'
import type { Optional } from '../present.ts'
import type { DependenciesOf, ReadableProjection, RunContext } from '../projections/run-context.ts'

/**
 * What may be done with a call of which nobody knows whether it happened:
 * `read` repeats it freely, `idempotent` repeats it with the same key, `once` never repeats it blindly.
 */
export type Effect = ToolEffect

export interface LookupContext<Input, Context = unknown, Data = unknown, Needs = unknown> extends RunContext<Context, Data, Needs> {
  readonly signal: AbortSignal
  /** What the call is to do: after an older copy of the log was restored, what was done under its key may be something else. */
  readonly input: Input
}

export interface ToolContext<Context = unknown, Data = unknown, Needs = unknown> extends RunContext<Context, Data, Needs> {
  /** Aborted at the timeout and when the run is cancelled. */
  readonly signal: AbortSignal
  /**
   * The same for every attempt of one call, and for another call only where that is the same act: by `idempotencyKey` of the tool, or with
   * the same input while nobody knows what became of this one.
   */
  readonly idempotencyKey: string
  readonly callId: string
  /** 1, 2 … */
  readonly attempt: number
  /** Pictures and files that users have sent in this run, the newest last. */
  readonly attachments: readonly MediaPart[]
  /** Bytes that were said in this run. Rejects with `InvalidInput` for others, and where they cannot be read. */
  readBlob(source: BlobSource): Promise<Uint8Array>
}

/** What the outside world says of a call whose outcome was lost. */
export type Lookup<Output> =
  | { readonly found: 'succeeded'; readonly output: Output | WithContent<Output> }
  | { readonly found: 'failed'; readonly message: string }
  /**
   * It did not happen. That counts once no attempt can be under way any more; with `final` at once: whoever is asked has closed the key, so
   * that an attempt which comes late is refused there.
   */
  | { readonly found: 'nothing'; readonly final?: boolean }
  | { readonly found: 'unknown' }

export interface ToolRetry {
  /** The first one counted; 1 means never again. */
  readonly attempts: number
  readonly baseDelayMs: number
  readonly maxDelayMs: number
}

export interface Tool<Input = unknown, Output = unknown, Context = unknown, Data = unknown, Needs = unknown> {
  readonly name: string
  readonly description: string
  readonly input: z.ZodType<Input>
  /** JSON Schema that the model is told, where it comes from elsewhere; otherwise that of `input`. */
  readonly inputSchema?: JsonObject
  readonly output: z.ZodType<Output>
  readonly effect: Effect
  /** What it needs of the context of a run. */
  readonly context?: z.ZodType<Context>
  /** The same of the data of a message. */
  readonly messageData?: z.ZodType<Data>
  /** What it needs that is code. */
  readonly dependencies: DependenciesOf<Needs>
  /** Of its agent, that it reads. */
  readonly projections: readonly ReadableProjection[]
  /** After this call a person owns the run. */
  readonly handsOver: boolean
  readonly timeoutMs: number
  /** UTF-8 bytes of the output's JSON. A larger one is an error to the model; of a call that changes something, a success without output. */
  readonly maxOutputBytes: number
  readonly retry: ToolRetry
  /** Calls of this tool at one time in this process. */
  readonly concurrency: number
  /** Starts of this tool per second in this process. */
  readonly ratePerSecond: number
  /** Whether a human has to grant this call first. A method, as `execute` is, so that every tool is also a `Tool<unknown>`. */
  approval(input: Input, run: RunContext<Context, Data, Needs>): boolean
  /** What this call touches, by names that tools share; whatever it may be, where this is absent or fails. */
  touches?(input: Input): readonly string[]
  /** Which business act this call is. */
  idempotencyKey?(input: Input): string
  /** Only ever called with what `input` has parsed. */
  execute(input: Input, context: ToolContext<Context, Data, Needs>): Promise<Output | WithContent<Output>>
  /** Settles a call that began, or may have begun, and was never answered. Never does the effect. */
  lookup?(idempotencyKey: string, context: LookupContext<Input, Context, Data, Needs>): Promise<Lookup<Output>>
}

export interface ToolOptions<Input, Output, Context = unknown, Data = unknown, Needs = unknown> {
  readonly name: string
  readonly description: string
  readonly input: z.ZodType<Input>
  /** JSON Schema that the model is told, where it comes from elsewhere (MCP, OpenAPI); that of `input` by default. */
  readonly inputSchema?: JsonObject | undefined
  readonly output: z.ZodType<Output>
  readonly effect: Effect
  /**
   * What it needs of the context of a run: what this makes of it is what the tool gets. A run whose context does not fit cannot use the tool:
   * a call of it fails before anything has happened. Any context, as it is, without it.
   */
  readonly context?: z.ZodType<Context> | undefined
  /** The same for the data of the message that leads to a call; null where there is none. */
  readonly messageData?: z.ZodType<Data> | undefined
  /**
   * What it needs that is code, as `{ db: dependency<Database>() }`, and gets from what `openRefold` is given under these names: an agent
   * whose tools need another one is refused there. None by default.
   */
  readonly dependencies?: DependenciesOf<Needs> | undefined
  /** What it reads with `context.projection`: an agent that has not got one of them cannot be defined. None by default. */
  readonly projections?: readonly ReadableProjection[] | undefined
  /** Whether a person owns the run after this call; false by default. */
  readonly handsOver?: boolean | undefined
  /** 30,000 by default. */
  readonly timeoutMs?: number | undefined
  /** 1 MiB by default. */
  readonly maxOutputBytes?: number | undefined
  /** 3 attempts from 500 ms up to 30 s; of a `once` call only where it or its look-up said that it did not happen. */
  readonly retry?: Optional<ToolRetry> | undefined
  /** `Infinity` by default. */
  readonly concurrency?: number | undefined
  /** `Infinity` by default. */
  readonly ratePerSecond?: number | undefined
  /** Never, by default. */
  readonly approval?: boolean | ((input: Input, run: RunContext<Context, Data, Needs>) => boolean) | undefined
  /**
   * What a call touches, such as `['order 21']`; pure. Of two calls that touch the same and of which one changes something, the second waits
   * for the first. By default a call may touch everything; `() => []` touches nothing that others touch.
   */
  readonly touches?: ((input: Input) => readonly string[]) | undefined
  /**
   * Which business act a call is, such as `order 21`; pure; 1 to 200 characters. `execute` and `lookup` get `TOOL:ACT`, behind the tenant
   * where there is one, in every run. A second call of one run that is the same act gets the outcome of the first. A call whose act it
   * cannot name is refused. Not for `read` tools.
   */
  readonly idempotencyKey?: ((input: Input) => string) | undefined
  /** Resolves to the output, or to {@link withContent} where the model is to see more, or something else. */
  readonly execute: (input: Input, context: ToolContext<Context, Data, Needs>) => Promise<Output | WithContent<Output>>
  readonly lookup?: ((idempotencyKey: string, context: LookupContext<Input, Context, Data, Needs>) => Promise<Lookup<Output>>) | undefined
}

export interface ToolFailureOptions {
  /** Whether the same call may succeed later; false by default. A `once` call is tried again only where it also certainly did not happen. */
  readonly retryable?: boolean | undefined
  /**
   * `false`: it certainly had no effect, and will have none. Whatever else `execute` throws leaves open whether it happened, which a `once`
   * call is then looked up for, or a person asked.
   */
  readonly happened?: false | 'unknown' | undefined
  readonly cause?: unknown
}

/**
 * Throw it from `execute` to say what may be done about a failure. Its message goes to the model; of anything else that is thrown the model
 * learns only that the tool failed, and the log keeps the message as `cause`, like the message of this `cause`.
 */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure'
  readonly retryable: boolean
  readonly happened: false | 'unknown'
  constructor(message: string, { retryable = false, happened = 'unknown', cause }: ToolFailureOptions = {}) {
    super(message, { cause })
    this.retryable = retryable
    this.happened = happened
  }
}

/** See {@link withContent}. */
export class WithContent<Output> {
  readonly output: Output
  readonly content: GivenContent

  constructor(output: Output, content: GivenContent) {
    this.output = output
    this.content = content
  }
}

/**
 * What a tool has brought, and what the model is told of it in its place: texts, pictures and files. The output has to fit the schema of the
 * tool, and stays what projections, people and later calls of the same act deal with.
 */
export const withContent = <Output>(output: Output, content: GivenContent): WithContent<Output> => new WithContent(output, content)
