import { MAX_APPEND_BYTES } from '../eventlog/event-log.ts'
import type { RunFact } from '../events/run-events.ts'
import type { RunState } from '../fold/run-state.ts'
import { seal, type SealedEvent } from '../fold/seal.ts'
import { present } from '../present.ts'
import { begin } from '../projections/bounded-text.ts'
import type { Agent } from './agent.ts'
import { projectionFailed } from './code-failed.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import { traceparentOf } from './traceparent.ts'

/** Who wished what the batch grants. */
export interface WishOrigin {
  readonly commandId?: string | undefined
  readonly actor?: string | undefined
  readonly traceparent?: string | undefined
}

/** A wish as it is recorded. */
export interface GrantedWish extends WishOrigin {
  readonly commandHash?: string
}

/** The events of one append, folded one after the other before any of them is stored. */
export interface Batch {
  /** Undefined before the first event of a run. */
  state(): RunState | undefined
  /** Throws `CodeFailed` where a projection of the agent fails at it, and whatever the chart throws: it is not in the batch then. */
  push(fact: RunFact, causationId: string | undefined, wish?: GrantedWish): void
  /** The same for what has to be recorded: that a projection fails at it becomes part of the state. */
  pushAnyway(fact: RunFact, causationId: string | undefined, wish?: GrantedWish): void
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

/** Events above 64 KiB keep their payloads elsewhere, so that another one fits in any case. */
const FULL_BYTES = MAX_APPEND_BYTES / 2
/** In UTF-16 units. */
const LONGEST_WORDS = 10_000

export const createBatch = ({ ids, clock }: RuntimeParts, { agent, runId, before, correlationId }: BatchedRun): Batch => {
  let state = before
  const sealed: SealedEvent[] = []
  let bytes = 0

  const sealedAs = (fact: RunFact, causationId: string | undefined, { traceparent, ...wished }: GrantedWish = {}): SealedEvent => {
    const origin = {
      runId,
      id: ids.uuid(),
      at: clock.now(),
      agent: agent.id,
      correlationId,
      ...present({ ...wished, causationId, traceparent: traceparentOf(traceparent) }),
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
    isFull: () => bytes >= FULL_BYTES,
    push: (fact, causationId, wish) => {
      const event = sealedAs(fact, causationId, wish)
      if (event.state.broken !== undefined) throw projectionFailed(runId, event.state.broken)
      keep(event)
    },
    pushAnyway: (fact, causationId, wish) => {
      keep(sealedAs(fact, causationId, wish))
    },
  }
}

/** Words that come from models, tools and other code of the user's. */
const WORDS = ['message', 'reason', 'note', 'cause', 'evidence'] as const

const withBoundedWords = (fact: RunFact): RunFact => {
  const data = fact.data as Readonly<Record<string, unknown>>
  const long = WORDS.flatMap((field) => {
    const words = data[field]
    return typeof words === 'string' && words.length > LONGEST_WORDS ? [[field, begin(words, LONGEST_WORDS)] as const] : []
  })
  return long.length === 0 ? fact : ({ ...fact, data: { ...data, ...Object.fromEntries(long) } } as unknown as RunFact)
}
