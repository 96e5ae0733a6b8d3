import type { RunEvent } from '../events/envelope.ts'
import type { Usage } from '../events/message.ts'
import { count, money } from '../projections/amount-text.ts'
import { textTable } from './text-table.ts'

/** What one model has cost a run. */
export interface ModelCosts {
  readonly model: string
  /** Attempts that were paid for. */
  readonly calls: number
  readonly inputTokens: number
  readonly cacheReadTokens: number
  readonly outputTokens: number
  readonly costMicroUsd: number
  /** Calls whose price was not known. */
  readonly unpriced: number
}

/** By the model that was asked, in the order of first use. */
export const costsByModel = (events: readonly RunEvent[]): ModelCosts[] => {
  const asked = new Map<string, string>()
  const costs = new Map<string, ModelCosts>()
  for (const event of events) {
    if (event.type === 'ModelCallRequested') asked.set(event.data.callId, event.data.model)
    if (event.type !== 'ModelCallSucceeded' && event.type !== 'ModelCallFailed') continue
    const { callId, usage, costMicroUsd } = event.data
    if (usage === undefined) continue
    const model = asked.get(callId) ?? 'unknown'
    costs.set(model, spent(costs.get(model) ?? nothingOf(model), usage, costMicroUsd))
  }
  return [...costs.values()]
}

const nothingOf = (model: string): ModelCosts => ({
  model,
  calls: 0,
  inputTokens: 0,
  cacheReadTokens: 0,
  outputTokens: 0,
  costMicroUsd: 0,
  unpriced: 0,
})

const spent = (before: ModelCosts, usage: Usage, costMicroUsd: number | undefined): ModelCosts => ({
  ...before,
  calls: before.calls + 1,
  inputTokens: before.inputTokens + usage.inputTokens,
  cacheReadTokens: before.cacheReadTokens + usage.cacheReadTokens,
  outputTokens: before.outputTokens + usage.outputTokens,
  costMicroUsd: before.costMicroUsd + (costMicroUsd ?? 0),
  unpriced: before.unpriced + (costMicroUsd === undefined ? 1 : 0),
})

export const costLines = (costs: readonly ModelCosts[], width: number): string[] =>
  textTable(
    [
      { title: 'MODEL', flexible: true },
      { title: 'CALLS', align: 'right' },
      { title: 'INPUT', align: 'right' },
      { title: 'OF IT CACHED', align: 'right' },
      { title: 'OUTPUT', align: 'right' },
      { title: 'COST', align: 'right' },
      { title: '' },
    ],
    costs.map(({ model, calls, inputTokens, cacheReadTokens, outputTokens, costMicroUsd, unpriced }) => [
      model,
      count(calls),
      count(inputTokens),
      count(cacheReadTokens),
      count(outputTokens),
      money(costMicroUsd),
      unpriced === 0 ? '' : `price of ${count(unpriced)} unknown`,
    ]),
    width,
  )
