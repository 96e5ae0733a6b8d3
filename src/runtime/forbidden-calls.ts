import { textOf, toolCallsOf } from '../events/message.ts'
import type { ModelOutcome } from '../models/model.ts'

/**
 * What is left of the answer of a model that was told to call no tool. Nobody answers such calls, and vendors refuse a prompt with calls
 * that have no answer; what only they understand goes too, since it may belong to a call.
 */
export const withoutToolCalls = (outcome: ModelOutcome): ModelOutcome => {
  if (!outcome.ok || toolCallsOf(outcome.parts).length === 0) return outcome
  if (textOf(outcome.parts).trim() === '') {
    return { ok: false, class: 'empty', message: 'the answer is tool calls alone, but none was allowed', usage: outcome.usage }
  }
  return { ...outcome, parts: outcome.parts.filter(({ type }) => type === 'text'), dropped: [...outcome.dropped, 'toolCalls'] }
}
