import { messageOf } from '../errors.ts'
import type { RunFact } from '../events/run-events.ts'
import type { Owed } from '../fold/run-state.ts'
import { backoffMs } from '../machines/model-failure-policy.ts'
import type { Lookup, Tool } from '../tools/tool.ts'
import { keyOfCall } from './answer-tool-call.ts'
import { TIMED_OUT, withDeadline } from './deadline.ts'
import type { ToolEffect } from './perform-tool.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import { answered } from './tool-output.ts'

/** Asks the world about a call whose outcome was lost. Never does the effect. Rejects only when `signal` is aborted. */
export const performLookUp = async (parts: RuntimeParts, { state, owed, tool, signal, late }: ToolEffect): Promise<RunFact> => {
  const deadline = { timeoutMs: tool.timeoutMs, outer: signal, late: () => late(undefined) }
  try {
    const found: unknown = await withDeadline(parts.clock, deadline, async (inner) =>
      tool.lookup?.(keyOfCall(state, owed.key), { signal: inner, input: structuredClone(state.calls.get(owed.key)?.input ?? null) }),
    )
    return settled(parts, tool, owed, found)
  } catch (thrown) {
    if (signal.aborted) throw thrown
    const problem = thrown === TIMED_OUT ? 'it gave no answer in time' : messageOf(thrown)
    return nobodyKnows(owed, `the look-up of ${tool.name} failed: ${problem}`)
  }
}

const nobodyKnows = ({ key }: Owed, reason: string): RunFact => ({ type: 'RunEscalated', data: { callId: key, reason } })

/** What is none of the four answers tells nothing. */
const settled = (parts: RuntimeParts, tool: Tool, owed: Owed, answer: unknown): RunFact => {
  const call = { callId: owed.key, attempt: owed.attempt, settledBy: 'lookup' as const }
  const found = (typeof answer === 'object' && answer !== null ? answer : {}) as Partial<Lookup<unknown>>
  if (found.found === 'succeeded') return answered(tool, call, (found as { readonly output?: unknown }).output)
  if (found.found === 'failed' && typeof found.message === 'string')
    return { type: 'ToolCallFailed', data: { ...call, class: 'error', message: found.message, happened: 'no' } }
  if (found.found !== 'nothing') return nobodyKnows(owed, `${tool.name} cannot tell whether the call happened`)
  const again = owed.attempt < tool.retry.attempts
  return {
    type: 'ToolCallFailed',
    data: {
      ...call,
      class: 'neverHappened',
      message: `${tool.name} never happened`,
      happened: 'no',
      ...(again ? { retryAt: parts.clock.now() + backoffMs(tool.retry, owed.attempt, parts.random()) } : {}),
    },
  }
}
