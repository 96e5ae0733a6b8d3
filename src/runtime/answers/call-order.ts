import { outcomeOf } from '../../fold/done-calls.ts'
import { attempted, type Attempted } from '../../errors.ts'
import type { RunFact } from '../../events/run-events.ts'
import { isUnresolved } from '../../fold/doubts.ts'
import type { Doubt, RunState, OpenCall } from '../../fold/run-state.ts'
import { deepFrozen, canonicalJson, type Json } from '../../json.ts'
import { present } from '../../present.ts'
import type { Tool } from '../../tools/tool.ts'
import type { Agent } from '../agent.ts'

// Which act a call is, so that the same act is not done again under another key.

interface WantedAct {
  readonly tool: Tool
  readonly input: Json
}

/** What the world outside is to know a call by, where that is not the call alone. */
export interface ActKey {
  /** As its tool names it. */
  readonly act?: string
  readonly key?: string
}

/** A problem where the tool cannot say which act it is: then nothing may be done. */
export const actKey = (state: RunState, { tool, input }: WantedAct): Attempted<ActKey> => {
  if (tool.idempotencyKey === undefined) return { ok: true, value: present({ key: openDoubt(state, { tool, input })?.idempotencyKey }) }
  return attempted(
    () => tool.idempotencyKey?.(deepFrozen(structuredClone(input))),
    (act) => {
      if (!isName(act)) throw new Error('expected 1 to 200 characters of text without control characters')
      return { act, key: scoped(state, tool, act) }
    },
  )
}

const isName = (act: unknown): act is string =>
  typeof act === 'string' && act.trim() !== '' && act.length <= 200 && act.isWellFormed() && !/\p{Cc}/u.test(act)

/** One for all runs of a tenant, and another for every other tenant of the log. What a fork does is never the act of another run. */
const scoped = ({ runId, fork, started: { tenant } }: RunState, tool: Tool, act: string): string =>
  `${fork === undefined ? '' : `${runId}/`}${tenant === undefined ? '' : `${encodeURIComponent(tenant)}/`}${tool.name}:${act}`

/** An earlier call that is the same act, and of which nobody knows what became of it. */
const openDoubt = ({ doubts }: RunState, { tool, input, act, key }: WantedAct & ActKey): Doubt | undefined => {
  if (doubts.size === 0) return undefined
  const ofTool = [...doubts.values()].filter((doubt) => doubt.said === undefined && doubt.tool === tool.name)
  if (ofTool.length === 0) return undefined
  const text = canonicalJson(input)
  return ofTool.find((doubt) => (act === undefined ? canonicalJson(doubt.input) === text : doubt.idempotencyKey === key))
}

/** What is said of a call that is an act that was done, or may have been: undefined where it may begin. */
export const repeated = (state: RunState, wanted: WantedAct & ActKey & { readonly callId: string }): RunFact | undefined => {
  const { callId, act, key = '' } = wanted
  const done = act === undefined ? undefined : state.acts.get(key)
  if (done !== undefined) {
    const said = `It was not done again: this is the outcome of the call ${done.callId}, which was the same act (${act}).`
    const message = done.note === undefined ? said : `${done.note}\n${said}`
    return { type: 'ToolCallRejected', data: { callId, reason: 'repeated', message, repeats: done.callId, ...outcomeOf(done) } }
  }
  const doubt = openDoubt(state, wanted)
  if (doubt === undefined || doubt.callId === callId || !isUnresolved(doubt)) return undefined
  if (state.calls.has(doubt.callId)) return { type: 'ToolCallQueued', data: { callId, behind: doubt.callId } }
  const message = `Nothing was done: the call ${doubt.callId} was the same and may have happened. A person has to settle it first.`
  return { type: 'ToolCallRejected', data: { callId, reason: 'repeated', message, repeats: doubt.callId } }
}

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
