import type { RecordedRunEvent } from '../../events/envelope.ts'
import { applyToBudget, emptyBudget } from '../../projections/budget.ts'

/** Where a run went beyond a limit that counts calls, in words. Those of tokens, money and time stop the next call, not the one under way. */
export const brokenLimits = (events: readonly RecordedRunEvent[]): readonly string[] => {
  let budget = emptyBudget
  const broken = new Set<string>()
  for (const event of events) {
    budget = applyToBudget(budget, event)
    const { limits, iterations, toolCalls } = budget
    if (iterations > (limits?.iterationsPerTurn ?? Infinity)) broken.add(`more than ${limits?.iterationsPerTurn} iterations in a turn`)
    if (toolCalls > (limits?.toolCallsPerTurn ?? Infinity)) broken.add(`more than ${limits?.toolCallsPerTurn} tool calls in a turn`)
  }
  return [...broken].map((limit) => `${events[0]?.runId ?? 'a run'} made ${limit}`)
}
