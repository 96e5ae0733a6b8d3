import type { AppError } from '../errors.ts'
import type { RunFact } from '../events/run-events.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import type { GrantedWish } from './batch.ts'
import type { Desk } from './desk.ts'
import type { Notice } from './notice.ts'

/** What a job makes of the state it meets. It may be asked again, with a newer state. */
export type JobDecision =
  | {
      readonly facts: readonly RunFact[]
      readonly causationId?: string
      readonly wish?: GrantedWish
      /** It has to be recorded, also where a projection of the agent fails at it: it has happened, or it stops the run. */
      readonly anyway?: boolean
      /** Told once the facts are stored. */
      readonly notices?: readonly Notice[]
    }
  /** Nothing to record; the caller learns why. */
  | { readonly refuse: AppError }

export interface Job {
  readonly decide: (state: RunState | undefined, desk: Desk) => JobDecision
  /** The agent of a run that has no event yet. */
  readonly newRun?: {
    readonly agent: Agent
    readonly correlationId: string
    /** A run asks for it that goes on from an older copy of the log. */
    readonly ofRestored?: boolean
  }
  /** The world has done something that the log has to know: try until it does. Any other job is a command, which may be refused. */
  readonly insistent?: true
  /** Of the texts that it keeps while it waits, in characters. */
  readonly length?: number
}

/** A job that wishes nothing: owed work alone is seen to. */
export const lookAround: Job = { insistent: true, decide: () => ({ facts: [] }) }
