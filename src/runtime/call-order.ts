import { attempted } from '../errors.ts'
import type { OpenCall, RunState } from '../fold/run-state.ts'
import { deepFrozen, type Json } from '../json.ts'
import type { Tool } from '../tools/tool.ts'
import { actKey, type ActKey } from './act-of-call.ts'
import type { Agent } from './agent.ts'

// Calls of one run that touch the same and of which one changes something run one after the other, in the order in which they were asked
// for, so that each acts on what the one before has left. So do calls that are the same act. Reads run side by side.

interface Wanted extends ActKey {
  readonly callId: string
  readonly tool: Tool
  readonly input: Json
}

/** The nearest earlier call that this one has to wait for, or undefined. `inputOf` reads what has not been checked yet. */
export const callBefore = (
  agent: Agent,
  state: RunState,
  wanted: Wanted,
  inputOf: (tool: Tool, call: OpenCall) => Json | undefined,
): string | undefined => {
  const { calls } = state
  const ids = [...calls.keys()]
  const own = reachOf(agent, wanted.tool, wanted.input)
  for (let at = ids.indexOf(wanted.callId) - 1; at >= 0; at--) {
    const callId = ids[at] ?? ''
    const call = calls.get(callId)
    const tool = agent.tools.get(call?.tool ?? '')
    if (call === undefined || tool === undefined || (tool.effect === 'read' && wanted.tool.effect === 'read')) continue
    const input = call.input ?? inputOf(tool, call)
    if (isSameAct(state, wanted, { tool, call, input }) || meet(own, reachOf(agent, tool, input))) return callId
  }
  return undefined
}

interface Earlier {
  readonly tool: Tool
  readonly call: OpenCall
  readonly input: Json | undefined
}

const isSameAct = (state: RunState, { act, key, tool }: Wanted, earlier: Earlier): boolean => {
  if (act === undefined || earlier.tool !== tool || earlier.input === undefined) return false
  if (earlier.call.idempotencyKey !== undefined) return earlier.call.idempotencyKey === key
  const named = actKey(state, { tool, input: earlier.input })
  return named.ok && named.value.key === key
}

const EVERYTHING = 'everything'

type Reach = typeof EVERYTHING | ReadonlySet<string>

/** A tool that cannot say what it touches may touch everything. */
const reachOf = (agent: Agent, tool: Tool, input: Json | undefined): Reach => {
  if (tool.touches === undefined) return agent.toolCalls === 'parallel' ? new Set() : EVERYTHING
  if (input === undefined) return EVERYTHING
  const named = attempted(() => tool.touches?.(deepFrozen(structuredClone(input))), namesIn)
  return named.ok ? named.value : EVERYTHING
}

const namesIn = (answer: unknown): ReadonlySet<string> => {
  if (Array.isArray(answer) && answer.every((name) => typeof name === 'string')) return new Set(answer)
  throw new Error('expected a list of names')
}

const meet = (one: Reach, other: Reach): boolean => {
  if (one === EVERYTHING) return other === EVERYTHING || other.size > 0
  return other === EVERYTHING ? one.size > 0 : [...one].some((name) => other.has(name))
}
