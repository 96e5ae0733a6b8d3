import type { Difference } from '../../evals/whatif/tally.ts'
import type { DifferentDecision } from '../../runtime/whatif/decided-again.ts'
import type { Found } from '../../evals/whatif/report.ts'
import { nothingFound } from './nothing-found.ts'
import type { Question } from './question.ts'

/** Decides a recorded run again. Nothing is asked and nothing costs anything. */
export const decidedAgain = async ({ refold, agent }: Pick<Question, 'refold' | 'agent'>, runId: string): Promise<Found> => {
  const { decision, prompt } = await refold.run(runId).decideAgain(agent.version)
  const differences = (found: DifferentDecision | null): readonly Difference[] => {
    if (found === null) return []
    const { type: _, ...difference } = found
    return [{ runId, ...difference }]
  }
  return { ...nothingFound, compared: 1, differences: differences(decision), prompts: differences(prompt) }
}
