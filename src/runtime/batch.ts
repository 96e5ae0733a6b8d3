import type { SealedEvent } from '../fold/seal.ts'
import { seal, type Origin } from '../fold/seal.ts'
import type { RunState } from '../fold/run-state.ts'
import type { RunFact } from '../events/run-events.ts'
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

export const createBatch = (parts: RuntimeParts, agent: Agent, runId: string, before: RunState | undefined, correlationId: string): Batch => {
  let state = before
  const sealed: SealedEvent[] = []
  return {
    state: () => state,
    sealed,
    push(fact, causationId, wish = {}) {
      const origin: Origin = {
        runId,
        id: parts.ids.uuid(),
        at: parts.clock.now(),
        agent: agent.id,
        correlationId,
        ...(causationId === undefined ? {} : { causationId }),
        ...wish,
      }
      const event = seal(agent.program, state, fact, origin)
      sealed.push(event)
      state = event.state
    },
  }
}
