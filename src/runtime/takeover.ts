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
export const takeOver = (desk: Desk, state: RunState, owed: Owed): RunFact | undefined =>
  owed.intent === 'callModel' ? takeOverModelCall(desk, state, owed) : takeOverToolCall(desk, state, owed)

const takeOverModelCall = (desk: Desk, state: RunState, owed: Owed): RunFact | undefined => {
  if (owed.attempt < MOST_ATTEMPTS) return claimModelCall(desk, state, owed, owed.attempt + 1)
  const data = { callId: owed.key, attempt: owed.attempt, class: 'timeout' as const, next: 'escalate' as const, durationMs: 0 }
  return { type: 'ModelCallFailed', data: { ...data, message: `given up after ${owed.attempt} attempts without an answer` } }
}

const takeOverToolCall = (desk: Desk, state: RunState, owed: Owed): RunFact | undefined => {
  const call = state.calls.get(owed.key)
  const tool = desk.agent.tools.get(call?.tool ?? '')
  if (tool === undefined || call?.input === undefined || tool.effect === 'once') {
    const reason = `${owed.owner ?? 'its owner'} ended before it recorded an answer`
    return { type: 'ToolCallUnresolved', data: { callId: owed.key, attempt: owed.attempt, reason } }
  }
  if (owed.attempt >= MOST_ATTEMPTS) {
    const message = `given up after ${owed.attempt} attempts without an answer`
    return { type: 'ToolCallFailed', data: { callId: owed.key, attempt: owed.attempt, class: 'error', message } }
  }
  return claimFor(desk, state, { callId: owed.key, attempt: owed.attempt + 1, tool, input: call.input })
}
