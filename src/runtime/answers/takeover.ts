import type { RunFact } from '../../events/run-events.ts'
import { NOBODY } from '../../fold/lifecycle.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import { CLOCK_MARGIN_MS } from '../../fold/standing.ts'
import { present } from '../../present.ts'
import type { Notice, TakenOver } from '../notices.ts'
import { claimFor, claimLookUp, inputProblem, isOnce } from './answer-tool-call.ts'
import { runsForReal } from '../seal/sealed.ts'
import { claimModelCall } from './answers.ts'
import type { JobContext } from './job-context.ts'

/** A claim that comes too late so often is made with a clock that is wrong. */
const MOST_ATTEMPTS = 10

/** Whether the owner of a claim can no longer settle it. */
export const isAbandoned = (owed: Owed, context: Pick<JobContext, 'owner' | 'storeAt'>, ownerIsGone: (owner: string) => boolean): boolean =>
  owed.status === 'claimed' &&
  owed.owner !== undefined &&
  owed.owner !== context.owner &&
  (ownerIsGone(owed.owner) || (owed.leaseUntil ?? 0) + CLOCK_MARGIN_MS < context.storeAt)

/**
 * What follows for a call whose owner is gone: `read` and `idempotent` ones and look-ups are claimed again, a `once` one never is.
 * Undefined where there is no free place now.
 *
 * A call that has lost several owners may be what ends them: it is held back for a while, then no other of its kind is performed beside it, since
 * all that a process performs loses its owner with it; after so many it is given up.
 */
export const takeOver = (context: JobContext, state: RunState, owed: Owed): RunFact | undefined => {
  if (!mayRepeat(context, state, owed)) {
    const reason = `${owed.owner ?? 'its owner'} ended before it recorded an answer`
    return { type: 'ToolCallUnresolved', data: { callId: owed.key, attempt: owed.attempt, reason } }
  }
  const lostOwners = lostOwnersOf(owed)
  if (lostOwners >= context.mostLostOwners)
    return givenUp(context, state, owed, `given up: ${lostOwners} processes ended while they performed it`)
  const isSuspect = lostOwners >= SUSPECT_FROM
  if (isSuspect && owed.owner !== NOBODY) {
    const leaseUntil = context.storeAt + pauseMs(lostOwners)
    return claimed(claimNext(forNobody(context), state, owed), { leaseUntil, lostOwners })
  }
  return claimed(
    claimNext(isSuspect ? alone(context) : context, state, owed),
    present({ lostOwners: lostOwners === 0 ? undefined : lostOwners }),
  )
}

/** So many owners may be lost by accident: by deployments, by another call of the same process. */
const SUSPECT_FROM = 2
const FIRST_PAUSE_MS = 15_000
const LONGEST_PAUSE_MS = 600_000

/** Between two owners of a call that has lost several: 15 s, 1 min, 4 min, 10 min. */
const pauseMs = (lostOwners: number): number => Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 4 ** (lostOwners - SUSPECT_FROM))

/** With the one that is gone now; whoever lets a call go or holds it back has not ended by it. */
const lostOwnersOf = ({ owner, lostOwners = 0 }: Owed): number => (owner === NOBODY ? lostOwners : lostOwners + 1)

const forNobody = (context: JobContext): JobContext => ({ ...context, owner: NOBODY, acquireSlot: () => true })

const alone = (context: JobContext): JobContext => ({
  ...context,
  acquireSlot: (place) => context.acquireSlot({ ...place, isSuspect: true }),
})

type Claim = Extract<RunFact, { type: 'ModelCallRequested' | 'ToolCallRequested' | 'ToolCallLookupRequested' }>

const isClaim = (fact: RunFact | undefined): fact is Claim =>
  fact?.type === 'ModelCallRequested' || fact?.type === 'ToolCallRequested' || fact?.type === 'ToolCallLookupRequested'

const claimed = (fact: RunFact | undefined, more: { readonly leaseUntil?: number; readonly lostOwners?: number }): RunFact | undefined =>
  isClaim(fact) ? ({ type: fact.type, data: { ...fact.data, ...more } } as Claim) : fact

/** What is told of a call that has lost its owner; undefined where it was let go, by whoever ended in order. */
export const takenOver = (context: JobContext, state: RunState, owed: Owed, fact: RunFact): Notice | undefined => {
  const lostOwners = lostOwnersOf(owed)
  if (lostOwners === 0) return undefined
  const { key: callId, attempt, owner = NOBODY } = owed
  const call = { runId: state.runId, callId, ...present({ tool: state.calls.get(callId)?.tool }), attempt, owner, lostOwners }
  return { type: 'callTakenOver', ...call, then: whatFollows(context, fact) }
}

const whatFollows = ({ owner }: JobContext, fact: RunFact): TakenOver['then'] => {
  if (fact.type === 'ToolCallUnresolved') return 'unresolved'
  if (!isClaim(fact)) return 'givenUp'
  return fact.data.owner === owner ? 'begunAgain' : 'heldBack'
}

/**
 * Lets a call go that this process claimed and will not finish: the next attempt, claimed for nobody, under a lease that has passed, so that
 * another process begins it at its next sweep. Undefined for a `once` call, whose lease protects it: what is under way may still happen,
 * and a look-up before its time is up would not see it.
 */
export const letGo = (context: JobContext, state: RunState, owed: Owed): RunFact | undefined => {
  if (owed.status !== 'claimed' || owed.owner !== context.owner) return undefined
  if (!mayRepeat(context, state, owed)) return undefined
  const claim = claimNext(forNobody(context), state, owed)
  if (!isClaim(claim)) return undefined
  return claimed(claim, { leaseUntil: context.storeAt - CLOCK_MARGIN_MS - 1 })
}

const mayRepeat = ({ agent }: JobContext, state: RunState, owed: Owed): boolean => {
  if (owed.intent === 'callModel' || owed.intent === 'lookUp') return true
  const call = state.calls.get(owed.key)
  const tool = agent.tools.get(call?.tool ?? '')
  if (call === undefined || tool === undefined) return false
  // Nobody has executed it.
  if (!runsForReal(state, tool)) return true
  if (isOnce(tool, state, owed.effect)) return false
  // What may have happened, and cannot be done again as it was, is for a look-up or a person.
  return tool.effect === 'read' || inputProblem(tool, call) === undefined
}

/**
 * The next attempt of a call that this process has claimed and that has not happened, since the claim was acknowledged too late.
 * Undefined where there is no free place now.
 */
export const claimAgain = (context: JobContext, state: RunState, owed: Owed): RunFact | undefined =>
  owed.attempt < MOST_ATTEMPTS
    ? claimNext((owed.lostOwners ?? 0) < SUSPECT_FROM ? context : alone(context), state, owed)
    : givenUp(context, state, owed, `given up after ${owed.attempt} attempts without an answer`)

const claimNext = (context: JobContext, state: RunState, owed: Owed): RunFact | undefined => {
  const { key: callId, attempt } = owed
  if (owed.intent === 'callModel') return claimModelCall(context, state, owed, attempt + 1)
  if (owed.intent === 'lookUp') return claimLookUp(context, state, owed)
  const call = state.calls.get(callId)
  const tool = context.agent.tools.get(call?.tool ?? '')
  if (tool === undefined || call?.input === undefined) return givenUp(context, state, owed, 'its tool or its input is gone')
  const problem = inputProblem(tool, call)
  return problem === undefined
    ? claimFor(context, state, { callId, attempt: attempt + 1, tool, input: call.input })
    : givenUp(context, state, owed, problem)
}

const givenUp = ({ agent }: JobContext, state: RunState, { intent, key: callId, attempt }: Owed, message: string): RunFact => {
  if (intent === 'lookUp') return { type: 'RunEscalated', data: { callId, reason: `the look-up was ${message}` } }
  if (intent === 'callModel')
    return { type: 'ModelCallFailed', data: { callId, attempt, class: 'timeout', next: 'escalate', durationMs: 0, message } }
  const isRead = agent.tools.get(state.calls.get(callId)?.tool ?? '')?.effect === 'read'
  return { type: 'ToolCallFailed', data: { callId, attempt, class: 'error', message, ...(isRead ? {} : { happened: 'unknown' }) } }
}
