import { withEntry, withoutKey } from '../entries.ts'
import type { RunEvent } from '../events/envelope.ts'
import { jsonText, type Json } from '../json.ts'
import { present } from '../present.ts'
import type { DoneAct, RunState } from './run-state.ts'

type Acts = RunState['acts']

/** The oldest are forgotten: a call that repeats one of them goes out under the same key. */
const MOST_ACTS = 1_000
/** UTF-16 units of an output's JSON. */
const LARGEST_OUTPUT = 4_096

/** The book of acts by their idempotency keys. Only calls whose claim has recorded an `act` get into it. */
export const actsAfter = ({ acts, calls, doubts }: RunState, event: RunEvent): Acts => {
  if (event.type !== 'ToolCallSucceeded' && event.type !== 'ToolCallCorrected') return acts
  const { callId } = event.data
  const { act, idempotencyKey } = calls.get(callId) ?? doubts.get(callId) ?? {}
  if (act === undefined || idempotencyKey === undefined) return acts
  if (event.type === 'ToolCallCorrected' && !event.data.succeeded)
    return acts.get(idempotencyKey)?.callId === callId ? withoutKey(acts, idempotencyKey) : acts
  return bounded(withEntry(acts, idempotencyKey, doneAct(callId, event.data.output ?? null, event.data.note)))
}

export const doneAct = (callId: string, output: Json, note: string | undefined): DoneAct => {
  if (jsonText(output).length <= LARGEST_OUTPUT) return { callId, output, ...present({ note }) }
  return { callId, output: null, note: `What it has brought is in the answer of ${callId}: it is too large to be told again.` }
}

const bounded = (acts: Acts): Acts => {
  const [oldest] = acts.keys()
  return acts.size > MOST_ACTS && oldest !== undefined ? withoutKey(acts, oldest) : acts
}
