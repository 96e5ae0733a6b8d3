import { withEntry, withoutKey } from '../projections/entries.ts'
import type { RunEvent } from '../events/envelope.ts'
import type { DataOf, RunFact } from '../events/run-events.ts'
import type { EarlierAttempts, RunState, DoneAct } from './run-state.ts'
import { jsonText } from '../json.ts'
import { present } from '../present.ts'

// A `once` call goes on to another attempt only when it is certain that nothing has come of those before. Where that turns out to be wrong,
// it may have happened twice, and the log has to say so.

/** Calls whose attempts are remembered; the oldest are forgotten. */
const MOST_CALLS = 100

type Attempts = RunState['earlierAttempts']

/** Those after an event. Nothing of it shows in a place or an intent. */
export const earlierAttemptsAfter = ({ earlierAttempts: known, calls }: RunState, event: RunEvent): Attempts => {
  if (event.type === 'ToolCallFailed') {
    const call = calls.get(event.data.callId)
    return call?.effect === 'once' && event.data.retryAt !== undefined ? gaveUp(known, event.data, call.tool) : known
  }
  if (event.type === 'ToolCallCorrected' && event.data.earlier === true) return happened(known, event.data)
  return known
}

const gaveUp = (known: Attempts, { callId, attempt }: DataOf<'ToolCallFailed'>, tool: string): Attempts => {
  const before = known.get(callId)
  const [oldest] = known.keys()
  const after = new Map(known).set(callId, { happened: [], ...before, tool, attempt })
  if (after.size > MOST_CALLS && oldest !== undefined) after.delete(oldest)
  return after
}

const happened = (known: Attempts, corrected: DataOf<'ToolCallCorrected'>): Attempts => {
  const { callId, attempt } = corrected
  const before = known.get(callId)
  if (before === undefined) return known
  return withEntry(known, callId, { ...before, happened: [...before.happened, attempt], done: doneAct(corrected) })
}

/** Whether an attempt was given up as one that never happened, and nobody has said yet that it did. */
export const isTakenBack = ({ earlierAttempts }: Pick<RunState, 'earlierAttempts'>, callId: string, attempt: number): boolean => {
  const given = earlierAttempts.get(callId)
  return given !== undefined && attempt <= given.attempt && !given.happened.includes(attempt)
}

/** What is recorded where such an attempt says, late, that it has happened. */
export const earlierSuccess = (state: RunState, fact: RunFact): RunFact | undefined => {
  if (fact.type !== 'ToolCallSucceeded' || fact.data.settledBy !== undefined) return undefined
  const { callId, attempt, output, content, note } = fact.data
  const given: EarlierAttempts | undefined = state.earlierAttempts.get(callId)
  if (given === undefined || !isTakenBack(state, callId, attempt)) return undefined
  const outcome = { succeeded: true, output, ...present({ content, note }) }
  return { type: 'ToolCallCorrected', data: { callId, attempt, tool: given.tool, ...outcome, settledBy: 'tool', earlier: true } }
}

/** What the next attempt is refused with, where an earlier one has happened after all. */
export const doneEarlier = ({ earlierAttempts }: RunState, callId: string): RunFact | undefined => {
  const { done, happened: [attempt] = [] } = earlierAttempts.get(callId) ?? {}
  if (done === undefined) return undefined
  const said = `It was not done again: attempt ${attempt} has happened after all.`
  const message = done.note === undefined ? said : `${done.note}\n${said}`
  return { type: 'ToolCallRejected', data: { callId, reason: 'repeated', message, repeats: callId, ...outcomeOf(done) } }
}

type Acts = RunState['acts']

/** The oldest are forgotten: a call that repeats one of them goes out under the same key. */
const MOST_ACTS = 1_000
/** UTF-16 units of an output's JSON. */
const LARGEST_OUTPUT = 4_096

/** Acts by their idempotency keys: only of calls whose claim has recorded an `act`. */
export const actsAfter = ({ acts, calls, doubts }: RunState, event: RunEvent): Acts => {
  if (event.type !== 'ToolCallSucceeded' && event.type !== 'ToolCallCorrected') return acts
  const { callId } = event.data
  const { act, idempotencyKey } = calls.get(callId) ?? doubts.get(callId) ?? {}
  if (act === undefined || idempotencyKey === undefined) return acts
  if (event.type === 'ToolCallCorrected' && !event.data.succeeded)
    return acts.get(idempotencyKey)?.callId === callId ? withoutKey(acts, idempotencyKey) : acts
  return bounded(withEntry(acts, idempotencyKey, doneAct(event.data)))
}

/** What a later call of the same act is told. */
export const outcomeOf = ({ output, content }: DoneAct): Pick<DoneAct, 'output' | 'content'> => ({ output, ...present({ content }) })

const doneAct = ({ callId, output = null, content, note }: DataOf<'ToolCallSucceeded'> | DataOf<'ToolCallCorrected'>): DoneAct => {
  if (jsonText([output, content ?? null]).length <= LARGEST_OUTPUT) return { callId, output, ...present({ content, note }) }
  return { callId, output: null, note: `What it has brought is in the answer of ${callId}: it is too large to be told again.` }
}

const bounded = (acts: Acts): Acts => {
  const [oldest] = acts.keys()
  return acts.size > MOST_ACTS && oldest !== undefined ? withoutKey(acts, oldest) : acts
}
