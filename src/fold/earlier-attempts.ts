import { withEntry } from '../entries.ts'
import type { RunEvent } from '../events/envelope.ts'
import type { DataOf, RunFact } from '../events/run-events.ts'
import { doneAct } from './acts.ts'
import type { EarlierAttempts, RunState } from './run-state.ts'

// A `once` call goes on to another attempt only when it is certain that nothing has come of those before. Where that turns out to be wrong,
// it may have happened twice, and the log has to say so.

/** Calls whose attempts are remembered; the oldest are forgotten. */
const MOST_CALLS = 100

type Book = RunState['earlierAttempts']

/** The book after an event. Nothing of it shows in a place or an intent. */
export const earlierAttemptsAfter = ({ earlierAttempts: book, calls }: RunState, event: RunEvent): Book => {
  if (event.type === 'ToolCallFailed') {
    const call = calls.get(event.data.callId)
    return call?.effect === 'once' && event.data.retryAt !== undefined ? gaveUp(book, event.data, call.tool) : book
  }
  if (event.type === 'ToolCallCorrected' && event.data.earlier === true) return happened(book, event.data)
  return book
}

const gaveUp = (book: Book, { callId, attempt }: DataOf<'ToolCallFailed'>, tool: string): Book => {
  const before = book.get(callId)
  const [oldest] = book.keys()
  const after = new Map(book).set(callId, { happened: [], ...before, tool, attempt })
  if (before === undefined && after.size > MOST_CALLS && oldest !== undefined) after.delete(oldest)
  return after
}

const happened = (book: Book, { callId, attempt, output, note }: DataOf<'ToolCallCorrected'>): Book => {
  const before = book.get(callId)
  if (before === undefined) return book
  return withEntry(book, callId, { ...before, happened: [...before.happened, attempt], done: doneAct(callId, output ?? null, note) })
}

/** Whether an attempt was given up as one that never happened, and nobody has said yet that it did. */
export const isTakenBack = ({ earlierAttempts }: Pick<RunState, 'earlierAttempts'>, callId: string, attempt: number): boolean => {
  const given = earlierAttempts.get(callId)
  return given !== undefined && attempt <= given.attempt && !given.happened.includes(attempt)
}

/** What is recorded where such an attempt says, late, that it has happened. */
export const earlierSuccess = (state: RunState, fact: RunFact): RunFact | undefined => {
  if (fact.type !== 'ToolCallSucceeded' || fact.data.settledBy !== undefined) return undefined
  const { callId, attempt, output, note } = fact.data
  const given: EarlierAttempts | undefined = state.earlierAttempts.get(callId)
  if (given === undefined || !isTakenBack(state, callId, attempt)) return undefined
  const outcome = { succeeded: true, output, ...(note === undefined ? {} : { note }) }
  return { type: 'ToolCallCorrected', data: { callId, attempt, tool: given.tool, ...outcome, settledBy: 'tool', earlier: true } }
}

/** What the next attempt is refused with, where an earlier one has happened after all. */
export const doneEarlier = ({ earlierAttempts }: RunState, callId: string): RunFact | undefined => {
  const { done, happened: [attempt] = [] } = earlierAttempts.get(callId) ?? {}
  if (done === undefined) return undefined
  const said = `It was not done again: attempt ${attempt} has happened after all.`
  const message = done.note === undefined ? said : `${done.note}\n${said}`
  return { type: 'ToolCallRejected', data: { callId, reason: 'repeated', message, repeats: callId, output: done.output } }
}
