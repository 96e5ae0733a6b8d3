import type { RunFact } from '../events/run-events.ts'
import type { Owed, RunState } from '../fold/run-state.ts'
import { NOBODY } from '../fold/reopen.ts'
import { CLOCK_MARGIN_MS } from '../fold/waiting.ts'
import { claimModelCall } from './answer-owed.ts'
import { claimFor, inputProblem } from './answer-tool-call.ts'
import type { Desk } from './desk.ts'
import type { Tool } from '../tools/tool.ts'

/** A call that has outlived so many owners is what ends them. */
const MOST_ATTEMPTS = 10

/** Whether the owner of a claim can no longer settle it. */
export const isAbandoned = (owed: Owed, desk: Desk, ownerIsGone: (owner: string) => boolean): boolean =>
  owed.status === 'claimed' &&
  owed.owner !== undefined &&
  owed.owner !== desk.owner &&
  (ownerIsGone(owed.owner) || (owed.leaseUntil ?? 0) + CLOCK_MARGIN_MS < desk.storeAt)

/**
 * What follows for a call whose owner is gone: `read` and `idempotent` ones are claimed again, a `once` one never is.
 * Undefined where there is no free place now.
 */
export const takeOver = (desk: Desk, state: RunState, owed: Owed): RunFact | undefined => {
  if (owed.intent === 'callModel' || mayRepeat(desk, state, owed)) return claimAgain(desk, state, owed)
  const reason = `${owed.owner ?? 'its owner'} ended before it recorded an answer`
  return { type: 'ToolCallUnresolved', data: { callId: owed.key, attempt: owed.attempt, reason } }
}

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
  const leaseUntil = desk.storeAt - CLOCK_MARGIN_MS - 1
  return claim.type === 'ModelCallRequested'
    ? { ...claim, data: { ...claim.data, leaseUntil } }
    : { ...claim, data: { ...claim.data, leaseUntil } }
}

const mayRepeat = ({ agent }: Desk, state: RunState, owed: Owed): boolean => {
  const call = state.calls.get(owed.key)
  const tool = agent.tools.get(call?.tool ?? '')
  if (call === undefined || tool === undefined || isOnce(tool, state, owed)) return false
  // What may have happened, and cannot be done again as it was, is for a look-up or a person.
  return tool.effect === 'read' || inputProblem(tool, call) === undefined
}

/** By the code that claimed it or by the code of today: of the two the stricter holds. */
const isOnce = (tool: Tool, { started }: RunState, { effect }: Owed): boolean =>
  tool.effect === 'once' || (effect ?? started.definition?.tools[tool.name]?.effect) === 'once'

/** The next attempt of a call that has not happened, or may happen again. Undefined where there is no free place now. */
export const claimAgain = (desk: Desk, state: RunState, owed: Owed): RunFact | undefined =>
  owed.intent === 'callModel' ? claimModelAgain(desk, state, owed) : claimToolAgain(desk, state, owed)

const givenUp = (attempt: number): string => `given up after ${attempt} attempts without an answer`

const claimModelAgain = (desk: Desk, state: RunState, owed: Owed): RunFact | undefined => {
  const { key: callId, attempt } = owed
  if (attempt < MOST_ATTEMPTS) return claimModelCall(desk, state, owed, attempt + 1)
  return {
    type: 'ModelCallFailed',
    data: { callId, attempt, class: 'timeout', next: 'escalate', durationMs: 0, message: givenUp(attempt) },
  }
}

const claimToolAgain = (desk: Desk, state: RunState, { key: callId, attempt }: Owed): RunFact | undefined => {
  const call = state.calls.get(callId)
  const tool = desk.agent.tools.get(call?.tool ?? '')
  const failed = (message: string): RunFact => ({
    type: 'ToolCallFailed',
    data: { callId, attempt, class: 'error', message, ...(tool?.effect === 'read' ? {} : { happened: 'unknown' }) },
  })
  if (attempt >= MOST_ATTEMPTS || tool === undefined || call?.input === undefined) return failed(givenUp(attempt))
  const problem = inputProblem(tool, call)
  return problem === undefined ? claimFor(desk, state, { callId, attempt: attempt + 1, tool, input: call.input }) : failed(problem)
}
