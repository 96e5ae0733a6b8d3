import type { RunFact } from '../events/run-events.ts'
import type { Owed, RunState } from '../fold/run-state.ts'
import { CLOCK_MARGIN_MS } from '../fold/waiting.ts'
import { claimModelCall } from './answer-owed.ts'
import { claimFor } from './answer-tool-call.ts'
import type { Desk } from './desk.ts'

/** A call that has outlived so many owners is what ends them. */
const MOST_ATTEMPTS = 10

/** Whether the owner of a claim can no longer settle it. */
export const isAbandoned = (owed: Owed, desk: Desk, ownerIsGone: (owner: string) => boolean): boolean =>
  owed.status === 'claimed' &&
  owed.owner !== undefined &&
  owed.owner !== desk.owner &&
  (ownerIsGone(owed.owner) || (owed.leaseUntil ?? 0) + CLOCK_MARGIN_MS < desk.at)

/**
 * What follows for a call whose owner is gone: `read` and `idempotent` ones are claimed again, a `once` one never is.
 * Undefined where there is no free place now.
 */
export const takeOver = (desk: Desk, state: RunState, owed: Owed): RunFact | undefined => {
  if (owed.intent === 'callModel' || mayRepeat(desk, state, owed)) return claimAgain(desk, state, owed)
  const reason = `${owed.owner ?? 'its owner'} ended before it recorded an answer`
  return { type: 'ToolCallUnresolved', data: { callId: owed.key, attempt: owed.attempt, reason } }
}

/** The owner of a claim that was let go. No process has this name. */
const NOBODY = 'nobody'

/**
 * Lets a call go that this process claimed and will not finish: the next attempt, claimed for nobody, under a lease that has passed, so that
 * another process begins it at its next sweep. Undefined for a `once` call, whose lease protects it: what is under way may still happen,
 * and a look-up before its time is up would not see it.
 */
export const letGo = (desk: Desk, state: RunState, owed: Owed): RunFact | undefined => {
  if (owed.status !== 'claimed' || owed.owner !== desk.owner) return undefined
  if (owed.intent !== 'callModel' && !mayRepeat(desk, state, owed)) return undefined
  const claim = claimAgain({ ...desk, owner: NOBODY, takeSlot: () => true }, state, owed)
  if (claim?.type !== 'ModelCallRequested' && claim?.type !== 'ToolCallRequested') return undefined
  const leaseUntil = desk.at - CLOCK_MARGIN_MS - 1
  return claim.type === 'ModelCallRequested'
    ? { ...claim, data: { ...claim.data, leaseUntil } }
    : { ...claim, data: { ...claim.data, leaseUntil } }
}

const mayRepeat = ({ agent }: Desk, state: RunState, { key }: Owed): boolean => {
  const call = state.calls.get(key)
  const tool = agent.tools.get(call?.tool ?? '')
  return tool !== undefined && call?.input !== undefined && tool.effect !== 'once'
}

/** The next attempt of a call that has not happened, or may happen again. Undefined where there is no free place now. */
export const claimAgain = (desk: Desk, state: RunState, owed: Owed): RunFact | undefined => {
  const { key: callId, attempt } = owed
  const call = state.calls.get(callId)
  const tool = desk.agent.tools.get(call?.tool ?? '')
  const message = `given up after ${attempt} attempts without an answer`
  if (owed.intent === 'callModel') {
    if (attempt < MOST_ATTEMPTS) return claimModelCall(desk, state, owed, attempt + 1)
    return { type: 'ModelCallFailed', data: { callId, attempt, class: 'timeout', next: 'escalate', durationMs: 0, message } }
  }
  if (attempt < MOST_ATTEMPTS && tool !== undefined && call?.input !== undefined) {
    return claimFor(desk, state, { callId, attempt: attempt + 1, tool, input: call.input })
  }
  return { type: 'ToolCallFailed', data: { callId, attempt, class: 'error', message } }
}
