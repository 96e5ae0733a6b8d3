import { textOf } from '../events/message.ts'
import type { RunState } from '../fold/run-state.ts'
import { checkText } from '../guardrails/guardrail.ts'
import type { ModelOutcome } from '../models/model.ts'
import type { Agent } from './agent.ts'
import { contextOfRun } from './run-context.ts'

/**
 * What the output guardrails leave of the last words under a limit. No answer is asked for instead, so what they block is a failed call, and a
 * person owns the run; of what they block or redact nothing is recorded.
 */
export const checkedLastWords = (agent: Agent, state: RunState, outcome: ModelOutcome): ModelOutcome => {
  if (!outcome.ok) return outcome
  const verdict = checkText(agent.guardrails.output ?? [], textOf(outcome.parts), contextOfRun(agent, state))
  if (verdict.verdict === 'block') {
    const { guardrail, reason } = verdict
    return { ok: false, class: 'refusal', message: `the guardrail ${guardrail} has blocked it: ${reason}`, usage: outcome.usage }
  }
  return verdict.redacted
    ? { ...outcome, parts: [{ type: 'text', text: verdict.text }], dropped: [...outcome.dropped, 'redacted'] }
    : outcome
}
