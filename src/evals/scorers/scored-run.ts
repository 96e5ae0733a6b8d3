import type { RunEvent } from '../../events/envelope.ts'
import type { Json } from '../../json.ts'
import { applyToBudget, emptyBudget, wallTimeMs, type Budget } from '../../projections/budget.ts'
import { applyToTranscript, emptyTranscript, lastAnswer } from '../../projections/transcript.ts'
import { toolCallsIn, type DatasetCase } from '../dataset-case.ts'
import type { ScoredRun, Spent } from './scorer.ts'

/** What scorers are given of a run, from all of its events. */
export const scoredRunOf = (
  found: DatasetCase,
  events: readonly RunEvent[],
  projection: (name: string) => Json | undefined = () => undefined,
): ScoredRun => {
  const completed = events.findLast(({ type }) => type === 'RunCompleted')
  return {
    case: found,
    events,
    answer: lastAnswer(events.reduce(applyToTranscript, emptyTranscript)) ?? null,
    output: completed?.type === 'RunCompleted' ? (completed.data.output ?? null) : null,
    toolCalls: toolCallsIn(events),
    spent: spentAt(events).at(-1)?.spent ?? NOTHING,
    projection,
  }
}

const NOTHING: Spent = { costMicroUsd: 0, inputTokens: 0, outputTokens: 0, latencyMs: 0 }

export interface SpentSoFar {
  readonly revision: number
  readonly spent: Spent
}

/** After each event, what was spent by then. Tokens of child runs count as input: which they were is not said. */
export const spentAt = (events: readonly RunEvent[]): readonly SpentSoFar[] => {
  let budget: Budget = emptyBudget
  let outputTokens = 0
  let earlierTurnsMs = 0
  let endedTurn = 0
  return events.map((event) => {
    const { at } = event.meta
    if (budget.turn !== endedTurn && endsTurn(event)) {
      earlierTurnsMs += wallTimeMs(budget, at)
      endedTurn = budget.turn
    }
    budget = applyToBudget(budget, event)
    if (event.type === 'ModelCallSucceeded' || event.type === 'ModelCallFailed') outputTokens += event.data.usage?.outputTokens ?? 0
    const latencyMs = earlierTurnsMs + (budget.turn === endedTurn ? 0 : wallTimeMs(budget, at))
    const { costMicroUsd, tokens } = budget
    return { revision: event.revision, spent: { costMicroUsd, inputTokens: tokens - outputTokens, outputTokens, latencyMs } }
  })
}

const ENDS: ReadonlySet<string> = new Set<RunEvent['type']>(['TurnCompleted', 'RunCompleted', 'RunFailed', 'RunCancelled', 'RunReturned'])

/** A turn in which a person takes the whole run over is none of the agent's any more. */
const endsTurn = (event: RunEvent): boolean => ENDS.has(event.type) || (event.type === 'RunEscalated' && event.data.callId === undefined)
