import { textOf } from '../events/message.ts'
import { checkText, type TextGuardrail } from '../guardrails/guardrail.ts'
import type { ModelOutcome } from '../models/model.ts'

/**
 * What the output guardrails leave of the last words under a limit. No answer is asked for instead, so what they block is a failed call, and a
 * person owns the run; of what they block or redact nothing is recorded.
 */
export const checkedLastWords = (guardrails: readonly TextGuardrail[], outcome: ModelOutcome): ModelOutcome => {
  if (!outcome.ok) return outcome
  const verdict = checkText(guardrails, textOf(outcome.parts))
  if (verdict.verdict === 'block') {
    const { guardrail, reason } = verdict
    return { ok: false, class: 'refusal', message: `the guardrail ${guardrail} has blocked it: ${reason}`, usage: outcome.usage }
  }
  return verdict.redacted
    ? { ...outcome, parts: [{ type: 'text', text: verdict.text }], dropped: [...outcome.dropped, 'redacted'] }
    : outcome
}
