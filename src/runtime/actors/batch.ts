import { Buffer } from 'node:buffer'
import { type AppError, isAppError, isUnavailable } from '../../errors.ts'
import { MAX_APPEND_BYTES } from '../../eventlog/event-log.ts'
import { streamOf } from '../../events/codec.ts'
import type { RunFact } from '../../events/run-events.ts'
import type { RunState } from '../../fold/run-state.ts'
import { seal, type SealedEvent } from '../../fold/seal.ts'
import { present } from '../../present.ts'
import { storableBeginning } from '../../projections/bounded-text.ts'
import type { Agent } from '../agent.ts'
import { projectionFailed } from '../code/code-errors.ts'
import { retryPause } from '../retry-pause.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import type { RecordedOrigin } from './jobs.ts'

/** The events of one append, folded one after the other before any of them is stored. */
export interface Batch {
  /** Undefined before the first event of a run. */
  state(): RunState | undefined
  /** Throws `CodeFailed` where a projection of the agent fails at it, and whatever the chart throws: it is not in the batch then. */
  push(fact: RunFact, causationId: string | undefined, origin?: RecordedOrigin): void
  /** The same for what has to be recorded: that a projection fails at it becomes part of the state. */
  pushAnyway(fact: RunFact, causationId: string | undefined, origin?: RecordedOrigin): void
  readonly sealed: readonly SealedEvent[]
  /** Whether the rest has to go into another append. */
  isFull(): boolean
}

export interface BatchedRun {
  readonly agent: Agent
  readonly runId: string
  readonly before: RunState | undefined
  readonly correlationId: string
}

/** A fork that its origin's record answers may have much to say at once. */
const MOST_OF_FORK = 250
/** Events above 64 KiB keep their payloads elsewhere, so that another one fits in any case. */
const FULL_BYTES = MAX_APPEND_BYTES / 2
/** In UTF-16 units. */
const LONGEST_WORDS = 10_000

export const createBatch = ({ ids, clock }: RuntimeParts, { agent, runId, before, correlationId }: BatchedRun): Batch => {
  let state = before
  const sealed: SealedEvent[] = []
  let bytes = 0

  const sealedAs = (fact: RunFact, causationId: string | undefined, from: RecordedOrigin | undefined): SealedEvent => {
    const origin = {
      runId,
      id: ids.uuid(),
      at: clock.now(),
      agent: agent.id,
      correlationId,
      ...(causationId !== undefined && { causationId }),
      ...(from && asRecorded(from)),
    }
    return seal(agent.program, state, withBoundedWords(fact), origin)
  }
  const keep = (event: SealedEvent): void => {
    sealed.push(event)
    bytes += Buffer.byteLength(event.texts.data) + Buffer.byteLength(event.texts.meta)
    state = event.state
  }

  return {
    state: () => state,
    sealed,
    isFull: () => bytes >= FULL_BYTES || (state?.fork !== undefined && sealed.length >= MOST_OF_FORK),
    push: (fact, causationId, origin) => {
      const event = sealedAs(fact, causationId, origin)
      if (event.state.broken !== undefined) throw projectionFailed(runId, event.state.broken)
      keep(event)
    },
    pushAnyway: (fact, causationId, origin) => {
      keep(sealedAs(fact, causationId, origin))
    },
  }
}

/** Words that come from models, tools and other code of the user's. */
const WORDS = ['message', 'reason', 'note', 'cause', 'evidence'] as const

const withBoundedWords = (fact: RunFact): RunFact => WORDS.reduce(withBounded, fact)

const withBounded = (fact: RunFact, field: (typeof WORDS)[number]): RunFact => {
  const words = (fact.data as Readonly<Record<string, unknown>>)[field]
  if (typeof words !== 'string' || words.length <= LONGEST_WORDS) return fact
  return { ...fact, data: { ...fact.data, [field]: storableBeginning(words, LONGEST_WORDS) } } as RunFact
}

export interface Append {
  readonly runId: string
  readonly batch: { readonly sealed: readonly Pick<SealedEvent, 'texts' | 'blobs'>[] }
  readonly before: Pick<RunState, 'revision'> | undefined
  /** Resolves once the blob store holds these texts. Undefined where it holds all of them. */
  readonly store: (texts: readonly string[]) => Promise<void> | undefined
  /** Ends the repetition: nobody knows then whether it is stored. */
  readonly signal: AbortSignal
  /** Called each time before it is repeated. */
  readonly failed: (error: AppError) => void
}

/**
 * False on a conflict. After an unknown outcome the very same append is repeated, which the log knows by the ids of its events,
 * until it is known: also a log that then says it stored nothing only speaks of the repetition.
 */
export const appendBatch = async (parts: RuntimeParts, { runId, batch, before, store, signal, failed }: Append): Promise<boolean> => {
  const texts = batch.sealed.map((sealed) => sealed.texts)
  const expected = before === undefined ? 'no-stream' : before.revision
  /** What the log has said of it, which later words on repetitions do not take back. */
  let unknown: AppError | undefined
  for (let tries = 0; ; tries++) {
    try {
      const stored = store(batch.sealed.flatMap(({ blobs }) => blobs))
      if (stored !== undefined) await stored
      await parts.log.append(streamOf(runId), expected, texts)
      return true
    } catch (error) {
      if (isAppError(error, 'EventLogConflict')) return false
      if (isAppError(error, 'OutcomeUnknown')) unknown = error
      const isAway = isAppError(error, 'OutcomeUnknown') || isUnavailable(error)
      if (unknown === undefined || !isAway) throw error
      failed(error)
      parts.notify({ type: 'appendRetried', runId, code: error.code, message: error.message })
      await retryPause(parts.clock, tries, signal)
      if (signal.aborted) throw unknown
    }
  }
}

const asRecorded = ({ traceparent, ...origin }: RecordedOrigin) => present({ ...origin, traceparent: traceparentOf(traceparent) })

const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** The W3C trace context of a request; one that is not well-formed counts as none, as the standard wants it. */
export const traceparentOf = (header: string | undefined): string | undefined =>
  header !== undefined && TRACEPARENT.test(header) && !header.startsWith('ff') ? header : undefined
