import type { RunFact } from '../../events/run-events.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import { jsonText } from '../../json.ts'
import { backoffMs } from '../../machines/model-failure-policy.ts'
import { ToolFailure, type Tool, type ToolContext } from '../../tools/tool.ts'
import type { Agent } from '../agent.ts'
import { mayHaveHappened, keyOfCall } from '../answers/answer-tool-call.ts'
import { TIMED_OUT, withDeadline, type LateWord } from '../deadline.ts'
import { attachmentsIn, readSaid } from '../given-content.ts'
import { contextForTool } from '../run-context.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import { readFailure, type ReadFailure, answered } from '../tool-outcome.ts'
import type { Attempts } from './under-way.ts'

export interface ToolEffect {
  readonly agent: Agent
  readonly state: RunState
  readonly owed: Owed
  readonly tool: Tool
  readonly signal: AbortSignal
  /** What came of the attempt after it was left behind; undefined where that tells nothing. */
  readonly late: (fact: RunFact | undefined) => void
  readonly attempts: Attempts
}

/** One attempt of a tool call whose claim is stored. Rejects only when `signal` is aborted. */
export const performToolCall = async (parts: RuntimeParts, effect: ToolEffect): Promise<RunFact> => {
  const { state, owed, tool, signal } = effect
  const beganAt = parts.clock.now()
  const call = { callId: owed.key, attempt: owed.attempt }
  const tookMs = (): number => Math.max(0, parts.clock.now() - beganAt)
  const late = (word: LateWord<unknown>): void => effect.late(lateFact(effect, word, tookMs()))
  let over = (): void => undefined
  try {
    // Each attempt gets its own: what one has made of it is not what was checked and granted.
    const input = JSON.parse(jsonText(state.calls.get(owed.key)?.input ?? null)) as unknown
    const deadline = { timeoutMs: tool.timeoutMs, outer: signal, late, over: () => over() }
    const output = await withDeadline(parts.clock, deadline, (inner) => {
      const context = toolContext(parts, effect, inner)
      over = effect.attempts.start(state.runId, owed.key)
      return tool.execute(input, context)
    })
    return answered(tool, state, { ...call, durationMs: tookMs() }, output)
  } catch (thrown) {
    if (signal.aborted) throw thrown
    return thrownBy(parts, effect, thrown, tookMs())
  }
}

/** What it throws, the tool has not done. */
const toolContext = (parts: RuntimeParts, { agent, state, owed, tool }: ToolEffect, signal: AbortSignal): ToolContext => {
  try {
    return {
      ...contextForTool(agent, state, { tool, callId: owed.key }),
      idempotencyKey: keyOfCall(state, owed.key),
      callId: owed.key,
      attempt: owed.attempt,
      attachments: attachmentsIn(state.transcript),
      readBlob: (source) => readSaid(parts.blobs, state.transcript, source),
      signal,
    }
  } catch (cause) {
    throw new ToolFailure(`${tool.name} cannot be used in this run`, { happened: false, cause })
  }
}

const thrownBy = (parts: RuntimeParts, effect: ToolEffect, thrown: unknown, durationMs: number): RunFact => {
  const { owed, tool } = effect
  const call = { callId: owed.key, attempt: owed.attempt }
  const timedOut = thrown === TIMED_OUT
  const { didNothing, isRetryable, ...told } = timedOut ? gaveNoAnswer(tool) : readFailure(tool, thrown)
  if (tool.effect === 'once' && !didNothing) {
    const reason = timedOut ? told.message : `${tool.name} failed: ${told.cause ?? told.message}`
    return { type: 'ToolCallUnresolved', data: { ...call, reason } }
  }
  const again = isRetryable && owed.attempt < tool.retry.attempts
  return {
    type: 'ToolCallFailed',
    data: {
      ...call,
      class: timedOut ? 'timeout' : 'error',
      ...told,
      durationMs,
      ...certainty(effect, didNothing),
      ...(again ? { retryAt: parts.clock.now() + backoffMs(tool.retry, owed.attempt, parts.random()) } : {}),
    },
  }
}

const gaveNoAnswer = ({ name, timeoutMs }: Tool): ReadFailure => ({
  message: `${name} gave no answer within ${timeoutMs} ms`,
  didNothing: false,
  isRetryable: true,
})

/** One attempt that did nothing says nothing of those before it, of an earlier call that had its key, nor of what the log has lost. */
const certainty = ({ state, owed, tool }: ToolEffect, didNothing: boolean): { readonly happened?: 'no' | 'unknown' } => {
  if (tool.effect === 'read') return {}
  const before = state.calls.get(owed.key)?.didNothing ?? 0
  const isLost = mayHaveHappened(state, { callId: owed.key, tool, at: state.at })
  const isCertain = didNothing && before === owed.attempt - 1 && !isLost && !isInDoubtElsewhere(state, owed.key)
  return { happened: isCertain ? 'no' : 'unknown' }
}

const isInDoubtElsewhere = (state: RunState, callId: string): boolean => {
  const key = keyOfCall(state, callId)
  return [...state.doubts.values()].some((doubt) => doubt.callId !== callId && doubt.idempotencyKey === key && doubt.said !== 'didNot')
}

/** Of a call that was left behind only what is certain counts: that it happened, or that it never did. */
const lateFact = (effect: ToolEffect, word: LateWord<unknown>, durationMs: number): RunFact | undefined => {
  const { owed, tool } = effect
  const call = { callId: owed.key, attempt: owed.attempt, durationMs }
  if (tool.effect === 'read') return undefined
  if (word.came === 'answer') return answered(tool, effect.state, call, word.result)
  const { didNothing, isRetryable: _, ...told } = readFailure(tool, word.error)
  const { happened } = certainty(effect, didNothing)
  return happened === 'no' ? { type: 'ToolCallFailed', data: { ...call, class: 'error', ...told, happened } } : undefined
}
