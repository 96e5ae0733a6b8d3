import { present } from '../../present.ts'
import type { AppError } from '../../errors.ts'
import type { RunFact } from '../../events/run-events.ts'
import { accepts } from '../../fold/accepts.ts'
import { correctionBy } from '../../fold/doubts.ts'
import type { RunState, Owed } from '../../fold/run-state.ts'
import type { Agent } from '../agent.ts'
import type { JobContext } from '../answers/job-context.ts'
import { claimAgain, isAbandoned, letGo, takenOver, takeOver } from '../answers/takeover.ts'
import type { CommandOrigin } from '../checked-input.ts'
import type { RecordedPart } from '../seal/origin-record.ts'
import type { Notice } from '../notices.ts'
import { notFound } from '../reading/run-reader.ts'
import type { ResultFact, RuntimeParts } from '../runtime-parts.ts'

/** What a job makes of the state it meets. It may be asked again, with a newer state. */
export type JobDecision =
  | {
      readonly facts: readonly RunFact[]
      readonly causationId?: string
      readonly origin?: RecordedOrigin
      /** It has to be recorded, also where a projection of the agent fails at it: it has happened, or it stops the run. */
      readonly anyway?: boolean
      /** Told once the facts are stored. */
      readonly notices?: readonly Notice[]
    }
  /** Nothing to record; the caller learns why. */
  | { readonly refuse: AppError }

export interface Job {
  readonly decide: (state: RunState | undefined, context: JobContext) => JobDecision
  /** The agent of a run that has no event yet. */
  readonly newRun?: {
    readonly agent: Agent
    readonly correlationId: string
    /** It was made up for it: no such run is looked for. That there is one all the same shows as a conflict. */
    readonly hasNewId: boolean
    /** A run asks for it that goes on from an older copy of the log. */
    readonly ofRestored?: boolean
  }
  /** Of a run that becomes a fork: what its origin has recorded. */
  readonly recorded?: RecordedPart
  /** The world has done something that the log has to know: try until it does. Any other job is a command, which may be refused. */
  readonly insistent?: true
  /** What its facts name, and the blob store has to hold before they are stored. */
  readonly bytes?: readonly Uint8Array[]
  /** Of the texts that it keeps while it waits, in characters. */
  readonly length?: number
}

/** A job without a command: owed work alone is seen to. */
export const owedWorkJob: Job = { insistent: true, decide: () => ({ facts: [] }) }

/** The origin of a command, as it is recorded. */
export interface RecordedOrigin extends CommandOrigin {
  readonly commandHash?: string
}

export const letGoJob: Job = {
  decide: (state, context) =>
    state === undefined ? { facts: [] } : { facts: [...state.owed.values()].flatMap((owed) => letGo(context, state, owed) ?? []) },
}

export const resultJob = (runId: string, { owed, fact: result }: { readonly owed: Owed; readonly fact: ResultFact }): Job => ({
  insistent: true,
  ...present({ bytes: result.bytes }),
  decide: (state, context) => {
    const { bytes: _, ...fact } = result
    if (state !== undefined && accepts(state, fact, context.at)) return { facts: [fact], causationId: owed.eventId, anyway: true }
    const corrected = state === undefined ? undefined : correctionBy(state, fact)
    if (corrected !== undefined) {
      const notice = { type: 'callCorrected', runId, callId: owed.key } as const
      return { facts: [corrected], causationId: owed.eventId, anyway: true, notices: [notice] }
    }
    return { facts: [], notices: [{ type: 'resultDropped', runId, callId: owed.key, result: fact.type }] }
  },
})

export const wakeJob = (parts: RuntimeParts, runId: string): Job => ({
  decide: (state, context) => (state === undefined ? { refuse: notFound(runId) } : overdue(parts, context, state)),
})

export const claimJob = (owed: Owed): Job => ({
  insistent: true,
  decide: (state, context) => {
    const now = state?.owed.get(owed.key)
    const isOurs = now?.status === 'claimed' && now.owner === context.owner && now.attempt === owed.attempt
    const fact = state !== undefined && isOurs ? claimAgain(context, state, now) : undefined
    return { facts: fact === undefined ? [] : [fact], causationId: owed.eventId }
  },
})

/**
 * One due timer, since it may take others back; otherwise every call whose owner is gone, in a paused run too:
 * a pause lets nothing new begin, and what had begun comes to its end.
 */
const overdue = (parts: RuntimeParts, context: JobContext, state: RunState): JobDecision => {
  for (const { timerId, dueAt } of state.timers.values()) {
    if (dueAt !== undefined && dueAt <= context.at) return { facts: [{ type: 'TimerFired', data: { timerId } }] }
  }
  const abandoned = [...state.owed.values()].filter((owed) => isAbandoned(owed, context, parts.ownerIsGone))
  const taken = abandoned.flatMap((owed) => {
    const fact = takeOver(context, state, owed)
    return fact === undefined ? [] : [{ fact, notice: takenOver(context, state, owed, fact) }]
  })
  return { facts: taken.map(({ fact }) => fact), notices: taken.flatMap(({ notice }) => notice ?? []) }
}
