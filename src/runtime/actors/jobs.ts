import type { AppError } from '../../errors.ts'
import type { RunFact } from '../../events/run-events.ts'
import { accepts } from '../../fold/accepts.ts'
import { correctionBy } from '../../fold/doubts.ts'
import type { RunState, Owed } from '../../fold/run-state.ts'
import type { Agent } from '../agent.ts'
import type { Desk } from '../answers/job-context.ts'
import { claimAgain, isAbandoned, letGo, takenOver, takeOver } from '../answers/takeover.ts'
import type { WishOrigin } from '../checked-input.ts'
import type { Notice } from '../notices.ts'
import { notFound } from '../reading/run-reader.ts'
import type { RuntimeParts } from '../runtime-parts.ts'

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

/** A wish as it is recorded. */
export interface GrantedWish extends WishOrigin {
  readonly commandHash?: string
}

export const letGoJob: Job = {
  decide: (state, desk) =>
    state === undefined ? { facts: [] } : { facts: [...state.owed.values()].flatMap((owed) => letGo(desk, state, owed) ?? []) },
}

export const resultJob = (runId: string, { owed, fact }: { readonly owed: Owed; readonly fact: RunFact }): Job => ({
  insistent: true,
  decide: (state, desk) => {
    if (state !== undefined && accepts(state, fact, desk.at)) return { facts: [fact], causationId: owed.eventId, anyway: true }
    const corrected = state === undefined ? undefined : correctionBy(state, fact)
    if (corrected !== undefined) {
      const notice = { type: 'callCorrected', runId, callId: owed.key } as const
      return { facts: [corrected], causationId: owed.eventId, anyway: true, notices: [notice] }
    }
    return { facts: [], notices: [{ type: 'resultDropped', runId, callId: owed.key, result: fact.type }] }
  },
})

export const wakeJob = (parts: RuntimeParts, runId: string): Job => ({
  decide: (state, desk) => (state === undefined ? { refuse: notFound(runId) } : overdue(parts, desk, state)),
})

export const claimJob = (owed: Owed): Job => ({
  insistent: true,
  decide: (state, desk) => {
    const now = state?.owed.get(owed.key)
    const isOurs = now?.status === 'claimed' && now.owner === desk.owner && now.attempt === owed.attempt
    const fact = state !== undefined && isOurs ? claimAgain(desk, state, now) : undefined
    return { facts: fact === undefined ? [] : [fact], causationId: owed.eventId }
  },
})

/**
 * One due timer, since it may take others back; otherwise every call whose owner is gone, in a paused run too:
 * a pause lets nothing new begin, and what had begun comes to its end.
 */
const overdue = (parts: RuntimeParts, desk: Desk, state: RunState): JobDecision => {
  for (const { timerId, dueAt } of state.timers.values()) {
    if (dueAt !== undefined && dueAt <= desk.at) return { facts: [{ type: 'TimerFired', data: { timerId } }] }
  }
  const abandoned = [...state.owed.values()].filter((owed) => isAbandoned(owed, desk, parts.ownerIsGone))
  const taken = abandoned.flatMap((owed) => {
    const fact = takeOver(desk, state, owed)
    return fact === undefined ? [] : [{ fact, notice: takenOver(desk, state, owed, fact) }]
  })
  return { facts: taken.map(({ fact }) => fact), notices: taken.flatMap(({ notice }) => notice ?? []) }
}
