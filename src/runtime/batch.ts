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
}

export interface BatchedRun {
  readonly agent: Agent
  readonly runId: string
  readonly before: RunState | undefined
  readonly correlationId: string
}

export const createBatch = ({ ids, clock }: RuntimeParts, { agent, runId, before, correlationId }: BatchedRun): Batch => {
  let state = before
  const sealed: SealedEvent[] = []
  return {
    state: () => state,
    sealed,
    push(fact, causationId, wish) {
      const origin = { runId, id: ids.uuid(), at: clock.now(), agent: agent.id, correlationId, ...wish, ...present({ causationId }) }
      const event = seal(agent.program, state, fact, origin)
      sealed.push(event)
      state = event.state
    },
  }
}
