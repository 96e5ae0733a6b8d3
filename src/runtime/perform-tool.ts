import { z } from 'zod'
import { messageOf } from '../errors.ts'
import type { DataOf, RunFact } from '../events/run-events.ts'
import type { Owed, RunState } from '../fold/run-state.ts'
import { jsonText, type Json } from '../json.ts'
import { backoffMs } from '../machines/model-failure-policy.ts'
import { ToolFailure, type Lookup, type Tool, type ToolContext } from '../tools/tool.ts'
import type { Agent } from './agent.ts'
import { idempotencyKey } from './answer-tool-call.ts'
import { TIMED_OUT, withDeadline } from './deadline.ts'
import type { RuntimeParts } from './runtime-parts.ts'

interface Effect {
  readonly state: RunState
  readonly owed: Owed
  readonly tool: Tool
  readonly signal: AbortSignal
  readonly late: () => void
}

/** One attempt of a tool call whose claim is stored. Rejects only when `signal` is aborted. */
export const performToolCall = async (parts: RuntimeParts, agent: Agent, effect: Effect): Promise<RunFact> => {
  const { state, owed, tool, signal, late } = effect
  const beganAt = parts.clock.now()
  const context = toolContext(agent, effect)
  try {
    const input = state.calls.get(owed.key)?.input ?? null
    const output = await withDeadline(parts.clock, { timeoutMs: tool.timeoutMs, outer: signal, late }, (inner) =>
      tool.execute(input, { ...context, signal: inner }),
    )
    return answered(tool, owed, output, Math.max(0, parts.clock.now() - beganAt))
  } catch (thrown) {
    if (signal.aborted) throw thrown
    return thrownBy(parts, effect, thrown, Math.max(0, parts.clock.now() - beganAt))
  }
}

const toolContext = (agent: Agent, { state, owed }: Effect): Omit<ToolContext, 'signal'> => ({
  idempotencyKey: idempotencyKey(state.runId, owed.key),
  runId: state.runId,
  callId: owed.key,
  attempt: owed.attempt,
  projection: <State>(wanted: { readonly name: string; initial(): State }): State => {
    const index = agent.program.projections.findIndex(({ name }) => name === wanted.name)
    if (index < 0) throw new Error(`agent ${agent.id} has no projection ${wanted.name}`)
    return state.projections[index] as State
  },
})

const answered = (tool: Tool, owed: Owed, output: unknown, durationMs: number): RunFact => {
  const call = { callId: owed.key, attempt: owed.attempt, durationMs }
  const checked = tool.output.safeParse(output)
  if (!checked.success)
    return failed({ ...call, class: 'invalidOutput', message: `${tool.name} gave an invalid output: ${z.prettifyError(checked.error)}` })
  const text = asJson(checked.data)
  if (!text.ok) return failed({ ...call, class: 'invalidOutput', message: `${tool.name} gave an invalid output: ${text.problem}` })
  const bytes = Buffer.byteLength(text.json)
  if (bytes > tool.maxOutputBytes) {
    return failed({
      ...call,
      class: 'outputTooLarge',
      message: `${tool.name} gave ${bytes} bytes, of which ${tool.maxOutputBytes} are allowed`,
    })
  }
  return { type: 'ToolCallSucceeded', data: { ...call, output: JSON.parse(text.json) as Json } }
}

const asJson = (value: unknown): { ok: true; json: string } | { ok: false; problem: string } => {
  try {
    return { ok: true, json: jsonText(value ?? null) }
  } catch (error) {
    return { ok: false, problem: messageOf(error) }
  }
}

const failed = (data: DataOf<'ToolCallFailed'>): RunFact => ({ type: 'ToolCallFailed', data })

const thrownBy = (parts: RuntimeParts, { owed, tool }: Effect, thrown: unknown, durationMs: number): RunFact => {
  const timedOut = thrown === TIMED_OUT
  const call = { callId: owed.key, attempt: owed.attempt }
  if (timedOut && tool.effect === 'once') {
    return { type: 'ToolCallUnresolved', data: { ...call, reason: `${tool.name} gave no answer within ${tool.timeoutMs} ms` } }
  }
  const retryable = timedOut || (thrown instanceof ToolFailure && thrown.retryable)
  const message = timedOut ? `${tool.name} gave no answer within ${tool.timeoutMs} ms` : messageOf(thrown)
  const again = retryable && tool.effect !== 'once' && owed.attempt < tool.retry.attempts
  return failed({
    ...call,
    class: timedOut ? 'timeout' : 'error',
    message,
    durationMs,
    ...(again ? { retryAt: parts.clock.now() + backoffMs(tool.retry, owed.attempt, parts.random()) } : {}),
  })
}

/** Asks the world about a call whose outcome was lost. Never does the effect. */
export const performLookUp = async (parts: RuntimeParts, { state, owed, tool, signal, late }: Effect): Promise<RunFact> => {
  try {
    const found = await withDeadline(parts.clock, { timeoutMs: tool.timeoutMs, outer: signal, late }, async (inner) =>
      tool.lookup === undefined ? { found: 'unknown' as const } : tool.lookup(idempotencyKey(state.runId, owed.key), { signal: inner }),
    )
    return settled(parts, tool, owed, found)
  } catch (thrown) {
    if (signal.aborted) throw thrown
    const problem = thrown === TIMED_OUT ? 'it gave no answer in time' : messageOf(thrown)
    return { type: 'RunEscalated', data: { callId: owed.key, reason: `the look-up of ${tool.name} failed: ${problem}` } }
  }
}

const settled = (parts: RuntimeParts, tool: Tool, owed: Owed, found: Lookup<unknown>): RunFact => {
  const call = { callId: owed.key, attempt: owed.attempt, settledBy: 'lookup' as const }
  switch (found.found) {
    case 'succeeded': {
      const fact = answered(tool, owed, found.output, 0)
      return { ...fact, data: { ...fact.data, settledBy: 'lookup' } } as RunFact
    }
    case 'failed':
      return failed({ ...call, class: 'error', message: found.message })
    case 'nothing':
      return failed({ ...call, class: 'neverHappened', message: `${tool.name} never happened`, retryAt: parts.clock.now() })
    case 'unknown':
      return { type: 'RunEscalated', data: { callId: owed.key, reason: `${tool.name} cannot tell whether the call happened` } }
  }
}
