import { textOf, toolCallsOf } from '../../events/message.ts'
import { forcesTool, type ModelOutcome, type ModelRequest } from '../../models/model.ts'

/** The answer as it was asked for: without calls where none was allowed; that a call was to come and has not is noted. */
export const asChosen = ({ toolChoice }: ModelRequest, outcome: ModelOutcome): ModelOutcome => {
  if (toolChoice === 'none') return withoutToolCalls(outcome)
  if (!outcome.ok || !forcesTool(toolChoice) || outcome.dropped.some((word) => CHOICES.includes(word))) return outcome
  const has = toolCallsOf(outcome.parts).some(({ name }) => toolChoice === 'required' || toolChoice.tool === name)
  return has ? outcome : { ...outcome, dropped: [...outcome.dropped, 'forcedToolChoice'] }
}

const CHOICES: readonly string[] = ['toolChoice', 'forcedToolChoice']

/**
 * What is left of the answer of a model that was told to call no tool. Nobody answers such calls, and vendors refuse a prompt with calls
 * that have no answer; what only they understand goes too, since it may belong to a call.
 */
const withoutToolCalls = (outcome: ModelOutcome): ModelOutcome => {
  if (!outcome.ok || toolCallsOf(outcome.parts).length === 0) return outcome
  if (textOf(outcome.parts).trim() === '') {
    return { ok: false, class: 'empty', message: 'the answer is tool calls alone, but none was allowed', usage: outcome.usage }
  }
  return { ...outcome, parts: outcome.parts.filter(({ type }) => type === 'text'), dropped: [...outcome.dropped, 'toolCalls'] }
}
