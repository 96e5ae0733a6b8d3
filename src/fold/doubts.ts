import type { RunEvent } from '../events/envelope.ts'
import { settlesCall, type DataOf, type RunFact } from '../events/run-events.ts'
import { sha256 } from '../hash.ts'
import { canonicalJson } from '../json.ts'
import { present } from '../present.ts'
import { earlierSuccess, isTakenBack } from './done-calls.ts'
import type { Doubt, OpenCall, RunState } from './run-state.ts'

type Doubts = RunState['doubts']

/** Of those that somebody has settled, or that may be repeated, so many are kept for a later word. */
const MOST_SETTLED = 100

interface CallsAfter {
  readonly calls: RunState['calls']
  /** Those that may have been open before and are not any more. */
  readonly left: readonly string[]
}

/** The doubts after an event that has led to these open calls. Whatever ends while it may have happened is kept, also beyond the end of the run. */
export const doubtsAfter = (before: RunState, { calls: callsAfter, left: mayHaveLeft }: CallsAfter, event: RunEvent): Doubts => {
  const told = toldBy(before, event)
  const left = mayHaveLeft.flatMap((callId): readonly (readonly [string, OpenCall])[] => {
    const call = before.calls.get(callId)
    const isLeft = call !== undefined && !callsAfter.has(callId) && !isLastWordOn(event, callId) && mayHaveHappened(call)
    return isLeft ? [[callId, call]] : []
  })
  if (left.length === 0) return told
  const doubts = new Map(told)
  for (const [callId, call] of left) if (!doubts.has(callId)) doubts.set(callId, doubtOf(callId, call))
  return bounded(doubts)
}

/** What became of a call may become known when its run is over. */
export const isAfterword = (state: RunState, event: RunEvent): boolean =>
  event.type === 'ToolCallCorrected' && (state.doubts.has(event.data.callId) || isOfEarlierAttempt(state, event.data))

/** What is said of an attempt that its call has gone on from. */
const isOfEarlierAttempt = (state: RunState, { earlier, callId, attempt }: DataOf<'ToolCallCorrected'>): boolean =>
  earlier === true && isTakenBack(state, callId, attempt)

/** Whether it may be recorded: a call that is open has its own last word still to come. */
export const acceptsCorrection = (state: RunState, said: DataOf<'ToolCallCorrected'>): boolean =>
  isOfEarlierAttempt(state, said) || (said.earlier !== true && state.doubts.has(said.callId) && !state.calls.has(said.callId))

const isLastWordOn = (event: RunEvent, callId: string): boolean =>
  'callId' in event.data && event.data.callId === callId && settlesCall(event)

const mayHaveHappened = ({ effect, attempt, didNothing }: OpenCall): boolean =>
  (effect === 'once' || effect === 'idempotent') && didNothing !== attempt

const doubtOf = (callId: string, { tool, attempt = 1, input = null, idempotencyKey = '', act, effect }: OpenCall): Doubt => ({
  callId,
  tool,
  attempt,
  input,
  idempotencyKey,
  ...present({ act, effect }),
})

const toldBy = ({ doubts, calls }: RunState, event: RunEvent): Doubts => {
  switch (event.type) {
    case 'ToolCallUnresolved':
      return withDoubt(doubts, event.data.callId, calls)
    case 'ToolCallSucceeded':
      return settledAs(doubts, event.data, 'happened', calls.get(event.data.callId)?.idempotencyKey)
    case 'ToolCallFailed':
      if (event.data.happened === 'unknown') return event.data.retryAt === undefined ? withDoubt(doubts, event.data.callId, calls) : doubts
      return event.data.retryAt === undefined ? settledAs(doubts, event.data, 'didNot') : without(doubts, event.data.callId)
    case 'ToolCallCorrected':
      // Of a later attempt it says nothing.
      if (event.data.earlier === true) return doubts
      return settledAs(doubts, event.data, event.data.succeeded ? 'happened' : 'didNot')
    default:
      return doubts
  }
}

const withDoubt = (doubts: Doubts, callId: string, calls: RunState['calls']): Doubts => {
  const call = calls.get(callId)
  return call === undefined ? doubts : bounded(new Map(doubts).set(callId, doubtOf(callId, call)))
}

interface Settled extends Partial<Pick<DataOf<'ToolCallCorrected'>, 'output' | 'message'>> {
  readonly callId: string
  readonly settledBy?: string | undefined
}

/** Of all that was said of a call, so that the same is not recorded again. */
const outcomeHash = (said: 'happened' | 'didNot', { output = null, message = '' }: Omit<Settled, 'callId' | 'settledBy'>): string =>
  sha256(canonicalJson(said === 'happened' ? { said, output } : { said, message }))

/** Whether somebody has said the same of the call before. */
export const isSaidAlready = ({ outcome: said }: Doubt, outcome: Outcome): boolean =>
  said === outcomeHash(outcome.succeeded ? 'happened' : 'didNot', outcome)

/** The tool's own word leaves no doubt, of no call that was the same act. */
const settledAs = (doubts: Doubts, { callId, settledBy, ...outcome }: Settled, said: 'happened' | 'didNot', key?: string): Doubts => {
  const isOwnWord = settledBy === undefined || settledBy === 'tool'
  const doubt = doubts.get(callId)
  if (!isOwnWord)
    return doubt === undefined ? doubts : bounded(new Map(doubts).set(callId, { ...doubt, said, outcome: outcomeHash(said, outcome) }))
  if (doubts.size === 0) return doubts
  const same = [...doubts.values()].filter((other) => other.callId === callId || other.idempotencyKey === key)
  return same.reduce((left, { callId: settled }) => without(left, settled), doubts)
}

const without = (doubts: Doubts, callId: string): Doubts => {
  if (!doubts.has(callId)) return doubts
  const rest = new Map(doubts)
  rest.delete(callId)
  return rest
}

const bounded = (doubts: Map<string, Doubt>): Doubts => {
  const settled = [...doubts.values()].filter((doubt) => !isUnresolved(doubt))
  for (const { callId } of settled.slice(0, Math.max(0, settled.length - MOST_SETTLED))) doubts.delete(callId)
  return doubts
}

/** Nobody knows, and somebody has to find out. */
export const isUnresolved = ({ said, effect }: Doubt): boolean => said === undefined && effect !== 'idempotent'

export type Outcome = Pick<DataOf<'ToolCallCorrected'>, 'succeeded' | 'output' | 'content' | 'note' | 'message'>

export const correction = (
  { callId, attempt, tool }: Doubt,
  outcome: Outcome,
  by: Pick<DataOf<'ToolCallCorrected'>, 'settledBy' | 'by'>,
): RunFact => ({ type: 'ToolCallCorrected', data: { callId, attempt, tool, ...outcome, ...by } })

/** What a word that comes after the last one changes: undefined where it says nothing new, or nothing certain. */
export const correctionBy = (state: RunState, fact: RunFact): RunFact | undefined => {
  if (fact.type !== 'ToolCallSucceeded' && fact.type !== 'ToolCallFailed') return undefined
  const earlier = earlierSuccess(state, fact)
  if (earlier !== undefined) return earlier
  const { callId, attempt, settledBy = 'tool' } = fact.data
  const doubt = state.doubts.get(callId)
  if (doubt === undefined || state.calls.has(callId)) return undefined
  if (fact.type === 'ToolCallSucceeded') {
    const { output, content, note } = fact.data
    return isSaidAlready(doubt, { succeeded: true, output })
      ? undefined
      : correction(doubt, { succeeded: true, output, ...present({ content, note }) }, { settledBy })
  }
  if (doubt.said === 'didNot' || fact.data.happened !== 'no' || attempt !== doubt.attempt) return undefined
  return correction(doubt, { succeeded: false, message: fact.data.message }, { settledBy })
}
