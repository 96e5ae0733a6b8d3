import { messageOf } from '../../errors.ts'
import type { RunFact } from '../../events/run-events.ts'
import { NOBODY } from '../../fold/lifecycle.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import { backoffMs } from '../../machines/model-failure-policy.ts'
import type { Tool } from '../../tools/tool.ts'
import type { Agent } from '../agent.ts'
import { keyOfCall } from '../answers/answer-tool-call.ts'
import { TIMED_OUT, withDeadline } from '../deadline.ts'
import { contextForTool } from '../run-context.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import type { ToolEffect } from './perform-tool.ts'
import { answered } from '../tool-outcome.ts'
import type { Attempts } from './under-way.ts'

/**
 * Asks the world about a call whose outcome was lost. Never does the effect. That nothing has happened so far says nothing of an attempt that is
 * still under way: it is waited for once more as long as a call may take, then the world is asked again, and then a person.
 * Rejects only when `signal` is aborted.
 */
export const performLookUp = async (parts: RuntimeParts, effect: ToolEffect): Promise<RunFact> => {
  const found = await ask(parts, effect)
  if (!('nothing' in found) || whoMayBeAtIt(parts, effect) === undefined) return factOf(parts, effect, found)
  await untilOver(parts, effect)
  const again = await ask(parts, effect)
  const who = 'nothing' in again ? whoMayBeAtIt(parts, effect) : undefined
  if (who === undefined) return factOf(parts, effect, again)
  const { tool, owed } = effect
  return nobodyKnows(owed, `${tool.name} has not happened so far, but attempt ${owed.attempt} may still be under way in ${who}`)
}

/** What the world says, as far as it can be read. `nothing`: so far. */
type Found = { readonly fact: RunFact } | { readonly nothing: true }

const ask = async (parts: RuntimeParts, effect: ToolEffect): Promise<Found> => {
  const { agent, state, owed, tool, signal, late } = effect
  const deadline = { timeoutMs: tool.timeoutMs, outer: signal, late: () => late(undefined) }
  try {
    const answer: unknown = await withDeadline(parts.clock, deadline, async (inner) =>
      tool.lookup?.(keyOfCall(state, owed.key), {
        ...contextForTool(agent, state, { tool, callId: owed.key }),
        signal: inner,
        input: structuredClone(state.calls.get(owed.key)?.input ?? null),
      }),
    )
    return read(parts, effect, answer)
  } catch (thrown) {
    if (signal.aborted) throw thrown
    const problem = thrown === TIMED_OUT ? 'it gave no answer in time' : messageOf(thrown)
    return { fact: nobodyKnows(owed, `the look-up of ${tool.name} failed: ${problem}`) }
  }
}

type Called = Pick<ToolEffect, 'state' | 'owed' | 'tool'>

/** What is none of the four answers tells nothing. */
const read = (parts: RuntimeParts, called: Called, answer: unknown): Found => {
  const { state, owed, tool } = called
  const call = { callId: owed.key, attempt: owed.attempt, settledBy: 'lookup' as const }
  // Read once: an answer with getters may say another thing each time.
  const { found, output, message, final } = (typeof answer === 'object' && answer !== null ? answer : {}) as Partial<
    Record<'found' | 'output' | 'message' | 'final', unknown>
  >
  if (found === 'succeeded') return { fact: answered(tool, state, call, output) }
  if (found === 'failed' && typeof message === 'string')
    return { fact: { type: 'ToolCallFailed', data: { ...call, class: 'error', message, happened: 'no' } } }
  if (found !== 'nothing') return { fact: nobodyKnows(owed, `${tool.name} cannot tell whether the call happened`) }
  return final === true ? { fact: neverHappened(parts, called) } : { nothing: true }
}

const factOf = (parts: RuntimeParts, called: Called, found: Found): RunFact => ('fact' in found ? found.fact : neverHappened(parts, called))

const neverHappened = (parts: RuntimeParts, called: Called): RunFact => ({
  type: 'ToolCallFailed',
  data: {
    callId: called.owed.key,
    attempt: called.owed.attempt,
    settledBy: 'lookup',
    class: 'neverHappened',
    message: `${called.tool.name} never happened`,
    happened: 'no',
    ...retry(parts, called),
  },
})

/** One that was only looked up has had no attempt yet. */
const retry = ({ clock, random }: RuntimeParts, { state, owed: { key, attempt }, tool }: Called): { readonly retryAt?: number } =>
  attempt < tool.retry.attempts || state.calls.get(key)?.lookUpFirst === attempt
    ? { retryAt: clock.now() + backoffMs(tool.retry, attempt, random()) }
    : {}

const nobodyKnows = ({ key }: Owed, reason: string): RunFact => ({ type: 'RunEscalated', data: { callId: key, reason } })

/** A process in which an attempt may still be under way; undefined where certainly none is. */
const whoMayBeAtIt = ({ owner: self, ownerIsGone }: RuntimeParts, { state, owed, attempts }: ToolEffect): string | undefined => {
  if (attempts.isUnderWay(state.runId, owed.key)) return self
  const owner = owed.formerOwner ?? owed.owner
  return owner === undefined || owner === self || owner === NOBODY || ownerIsGone(owner) ? undefined : owner
}

/** Until it is over here, or for as long as a call may take. */
const untilOver = async ({ clock }: RuntimeParts, { state, owed, tool, signal, attempts }: ToolEffect): Promise<void> => {
  const isHere = attempts.isUnderWay(state.runId, owed.key)
  try {
    await withDeadline(clock, { timeoutMs: tool.timeoutMs, outer: signal, late: () => undefined }, () =>
      isHere ? attempts.over(state.runId, owed.key) : new Promise<void>(() => undefined),
    )
  } catch (thrown) {
    if (thrown !== TIMED_OUT) throw thrown
  }
}

/** Looks up `once` calls that their run has stopped waiting for: what they did has to be known all the same. */
export interface LaterLookUps {
  /** Asks when the time of the call is up, unless the process ends before; what it said itself by then comes first. */
  plan(agent: Agent, state: RunState, owed: Owed): void
  stop(): void
}

export const createLaterLookUps = (
  parts: RuntimeParts,
  attempts: Attempts,
  report: (runId: string, owed: Owed, fact: RunFact) => Promise<unknown>,
): LaterLookUps => {
  const planned = new Set<() => void>()
  const end = new AbortController()

  const lookUp = async (agent: Agent, state: RunState, owed: Owed, tool: Tool): Promise<void> => {
    try {
      const lookedUp = { agent, state, owed, tool, signal: end.signal, late: () => undefined, attempts }
      await report(state.runId, owed, await performLookUp(parts, lookedUp))
    } catch (error) {
      if (!end.signal.aborted) parts.notify({ type: 'runBroken', runId: state.runId, message: messageOf(error) })
    }
  }

  return {
    plan(agent, state, owed) {
      const tool = agent.tools.get(state.calls.get(owed.key)?.tool ?? '')
      if (tool?.lookup === undefined || tool.effect !== 'once' || owed.intent === 'lookUp' || end.signal.aborted) return
      const disarm = parts.clock.setTimer(tool.timeoutMs, () => {
        planned.delete(disarm)
        void lookUp(agent, state, owed, tool)
      })
      planned.add(disarm)
    },
    stop() {
      end.abort()
      for (const disarm of planned) disarm()
    },
  }
}
