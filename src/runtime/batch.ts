import { MAX_APPEND_BYTES } from '../eventlog/event-log.ts'
import type { RunFact } from '../events/run-events.ts'
import type { RunState } from '../fold/run-state.ts'
import { seal, type SealedEvent } from '../fold/seal.ts'
import { present } from '../present.ts'
import type { Agent } from './agent.ts'
import type { RuntimeParts } from './runtime-parts.ts'

/** Who wished what the batch grants. */
export interface WishOrigin {
  readonly commandId?: string
  readonly actor?: string
  readonly traceparent?: string
}

/** The events of one append, folded one after the other before any of them is stored. */
export interface Batch {
  /** Undefined before the first event of a run. */
  state(): RunState | undefined
  push(fact: RunFact, causationId: string | undefined, wish?: WishOrigin): void
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
/** A message or a reason, which may come from a tool: in UTF-16 units. */
const LONGEST_WORDS = 10_000

export const createBatch = ({ ids, clock }: RuntimeParts, { agent, runId, before, correlationId }: BatchedRun): Batch => {
  let state = before
  const sealed: SealedEvent[] = []
  let bytes = 0
  return {
    state: () => state,
    sealed,
    isFull: () => bytes >= FULL_BYTES,
    push(fact, causationId, wish) {
      const origin = { runId, id: ids.uuid(), at: clock.now(), agent: agent.id, correlationId, ...wish, ...present({ causationId }) }
      const event = seal(agent.program, state, withBoundedWords(fact), origin)
      sealed.push(event)
      bytes += Buffer.byteLength(event.texts.data) + Buffer.byteLength(event.texts.meta)
      state = event.state
    },
  }
}

const withBoundedWords = (fact: RunFact): RunFact => {
  const { message, reason } = fact.data as { readonly message?: string; readonly reason?: string }
  if ((message?.length ?? 0) <= LONGEST_WORDS && (reason?.length ?? 0) <= LONGEST_WORDS) return fact
  const words = present({ message: message?.slice(0, LONGEST_WORDS), reason: reason?.slice(0, LONGEST_WORDS) })
  return { ...fact, data: { ...fact.data, ...words } } as RunFact
}
