import { AppError } from '../errors.ts'

/** An event as the log stores it: the log knows neither runs nor charts, only streams of JSON texts. */
export interface NewEvent {
  /** A UUID in lower case: what makes a repeated append harmless. */
  readonly id: string
  /** Not empty; types that start with `$` belong to the log itself. */
  readonly type: string
  /** JSON text. Comes back character by character. */
  readonly data: string
  /** JSON text. */
  readonly meta: string
}

export interface StoredEvent extends NewEvent {
  readonly stream: string
  /** 0, 1, 2 … within the stream; the first ones may be hidden by truncation. */
  readonly revision: number
  /** Strictly increasing over the whole log, with gaps: never add 1 to it. */
  readonly position: number
  /** When the log stored it, in ms since the epoch. */
  readonly storedAt: number
}

/** A number N means: the last event of the stream has revision N. */
export type ExpectedRevision = number | 'no-stream' | 'stream-exists' | 'any'

export interface AppendResult {
  /** Of the last event of this append. */
  readonly revision: number
  readonly position: number
}

export type Direction = 'forwards' | 'backwards'

export interface ReadStreamOptions {
  /** Inclusive; the first or last event by default, after the direction. */
  readonly from?: number
  readonly direction?: Direction
  readonly limit?: number
}

export interface ReadAllOptions extends ReadStreamOptions {
  readonly filter?: EventFilter
}

/** Every given part must fit. Events of the log itself (`$…`) never pass. */
export interface EventFilter {
  readonly streamPrefix?: string
  readonly typePrefix?: string
}

export interface SubscribeOptions {
  /** Exclusive: a revision of `stream`, or a position of the whole log. From the first event when absent. */
  readonly after?: number
  /** Only this stream; the whole log when absent. */
  readonly stream?: string
  readonly filter?: EventFilter
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal
}

/** What the whole log holds behind a position. */
export type BacklogOptions = Omit<SubscribeOptions, 'stream'>

/**
 * `caughtUp` comes at least once after the backlog and may be repeated. `passed` comes to subscribers of the whole log, as often as the log
 * likes: up to this position it holds nothing further that fits the filter, so that whoever goes on from there misses nothing.
 */
export type SubscriptionItem =
  | { readonly kind: 'event'; readonly event: StoredEvent }
  | { readonly kind: 'passed'; readonly position: number }
  | { readonly kind: 'caughtUp' }

export interface StreamMetadata {
  /** Only the newest so many events are read. */
  readonly maxCount?: number
  /** Only events younger than this are read. */
  readonly maxAgeMs?: number
  /** Events below this revision are not read. */
  readonly truncateBefore?: number
}

/**
 * Where facts live. The contract is that of EventStoreDB (docs/decisions/0003), so that an adapter for it needs no layer between.
 *
 * All promises reject with `AppError`:
 * `EventLogConflict` (details: stream, expected, actual), `StreamNotFound`, `StreamDeleted`, `TooLarge`, `InvalidInput`,
 * `EventLogUnavailable` (certainly not stored), `OutcomeUnknown` (perhaps stored: repeat with identical ids and revision), `EventLogCorrupt`, `Closed`.
 */
export interface EventLog {
  /**
   * All or nothing, one contiguous block. This is the only lock the whole system has.
   *
   * With a number below the stream's head (or `no-stream` on a stream that exists) the ids stored from there on are compared:
   * all equal means this append was stored before, and it succeeds again with its old result; anything else is a conflict.
   * With the head's own number no ids are compared, so the same ids ARE written twice: after a conflict look whether they are there already.
   * Rejects an empty batch (`InvalidInput`) and one above {@link MAX_APPEND_BYTES} (`TooLarge`).
   */
  append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<AppendResult>

  /** `StreamNotFound` for a stream that never was or is deleted; beyond the end it is empty. */
  readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<StoredEvent>

  /** In order of position; shows deleted and truncated events too. `from` is inclusive forwards and exclusive backwards. */
  readAll(options?: ReadAllOptions): AsyncIterable<StoredEvent>

  /**
   * As a subscription to the whole log, but it ends with `caughtUp`, when it has given all that was acknowledged before the call at least.
   * Rejects as a read does. So progress can be kept behind what does not fit the filter, wherever it is broken off.
   */
  backlog(options?: BacklogOptions): AsyncIterable<SubscriptionItem>

  /** At least once, in order. Rejects with `InvalidInput` where `after` lies ahead of the log: its checkpoint is of another log. */
  subscribe(options?: SubscribeOptions): AsyncIterable<SubscriptionItem>

  /** Position of the newest event, or undefined where the log is empty. */
  head(): Promise<number | undefined>

  /** Soft: the stream is not found until the next append, whose revisions go on. */
  deleteStream(stream: string, expected: ExpectedRevision): Promise<void>

  /** For ever: every later append or read is `StreamDeleted`. */
  tombstoneStream(stream: string, expected: ExpectedRevision): Promise<void>

  /**
   * Events below the revision are gone: nothing reads them any more, and an embedded log forgets their bytes at once; EventStoreDB does at
   * its next scavenge, and `readAll` may show them until then. The newest event stays. May be repeated. `StreamNotFound` as a read.
   */
  truncateStream(stream: string, before: number): Promise<void>

  getMetadata(stream: string): Promise<StreamMetadata>
  setMetadata(stream: string, metadata: StreamMetadata): Promise<void>

  close(): Promise<void>
}

/** Sum of type, data and meta of one append. Below the 1 MiB that EventStoreDB takes by default. */
export const MAX_APPEND_BYTES = 900 * 1024

export const passes = (filter: EventFilter | undefined, event: StoredEvent): boolean =>
  filter === undefined || (event.stream.startsWith(filter.streamPrefix ?? '') && event.type.startsWith(filter.typePrefix ?? ''))

const inWords = (revision: ExpectedRevision): string => (typeof revision === 'number' ? `at revision ${revision}` : `"${revision}"`)

export const conflict = (stream: string, expected: ExpectedRevision, head: number): AppError => {
  const actual = head < 0 ? 'no-stream' : head
  return new AppError('EventLogConflict', `${stream} is ${inWords(actual)}, not ${inWords(expected)} as expected`, {
    details: { stream, expected, actual },
  })
}

export const streamNotFound = (stream: string): AppError =>
  new AppError('StreamNotFound', `there is no stream ${stream}`, { details: { stream } })

export const streamDeleted = (stream: string): AppError => new AppError('StreamDeleted', `${stream} was deleted`, { details: { stream } })

export const logClosed = (): AppError => new AppError('Closed', 'the event log is closed')

export const aheadOfLog = (after: number, head: number | undefined, stream: string | undefined): AppError =>
  new AppError(
    'InvalidInput',
    `cannot subscribe after ${after}: ${stream ?? 'the log'} ends at ${head ?? 'nothing'}, so this checkpoint is of another log`,
    { details: { after, head, stream } },
  )
