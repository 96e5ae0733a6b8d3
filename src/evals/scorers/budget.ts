import { duration, money } from '../../projections/amount-text.ts'
import { spentAt } from './scored-run.ts'
import { fails, passes, type ScoredRun, type Scorer, type Spent } from './scorer.ts'

export interface BudgetLimits {
  readonly costUsd?: number | undefined
  /** Input and output. */
  readonly tokens?: number | undefined
  readonly latencyMs?: number | undefined
  readonly toolCalls?: number | undefined
}

/** No run uses more than this. The step that lost it is the one that went beyond. */
export const budgetScorer = (limits: BudgetLimits, name = 'budget'): Scorer => ({
  name,
  score(run) {
    const { costUsd = Infinity, tokens = Infinity, latencyMs = Infinity, toolCalls = Infinity } = limits
    const { spent } = run
    const beyond = [
      spent.costMicroUsd > costUsd * 1e6 ? `${money(spent.costMicroUsd)} of ${money(costUsd * 1e6)}` : undefined,
      tokensOf(spent) > tokens ? `${tokensOf(spent)} of ${tokens} tokens` : undefined,
      spent.latencyMs > latencyMs ? `${duration(spent.latencyMs)} of ${duration(latencyMs)}` : undefined,
      run.toolCalls.length > toolCalls ? `${run.toolCalls.length} of ${toolCalls} tool calls` : undefined,
    ].filter((each) => each !== undefined)
    if (beyond.length === 0) return passes('Within its limits')
    return fails(`Used ${beyond.join(', ')}`, firstBeyond(run, { costUsd, tokens, latencyMs, toolCalls }))
  },
})

const tokensOf = ({ inputTokens, outputTokens }: Spent): number => inputTokens + outputTokens

const firstBeyond = (
  run: ScoredRun,
  { costUsd, tokens, latencyMs, toolCalls }: Readonly<Record<keyof BudgetLimits, number>>,
): number | undefined => {
  const spent = spentAt(run.events).find(
    (soFar) => soFar.spent.costMicroUsd > costUsd * 1e6 || tokensOf(soFar.spent) > tokens || soFar.spent.latencyMs > latencyMs,
  )
  const places = [spent?.revision, run.toolCalls[toolCalls]?.revision].filter((place) => place !== undefined)
  return places.length === 0 ? undefined : Math.min(...places)
}
