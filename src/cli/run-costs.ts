import type { RunEvent } from '../events/envelope.ts'
import { count, money } from './amounts.ts'
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
    const before = costs.get(model)
    costs.set(model, {
      model,
      calls: (before?.calls ?? 0) + 1,
      inputTokens: (before?.inputTokens ?? 0) + usage.inputTokens,
      cacheReadTokens: (before?.cacheReadTokens ?? 0) + usage.cacheReadTokens,
      outputTokens: (before?.outputTokens ?? 0) + usage.outputTokens,
      costMicroUsd: (before?.costMicroUsd ?? 0) + (costMicroUsd ?? 0),
      unpriced: (before?.unpriced ?? 0) + (costMicroUsd === undefined ? 1 : 0),
    })
  }
  return [...costs.values()]
}

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
