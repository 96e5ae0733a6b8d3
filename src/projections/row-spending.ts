import type { ChildSpent } from '../events/run-events.ts'
import type { RunEvent } from '../events/envelope.ts'
import { isCopied, type RowFork } from './row-fork.ts'

// What the row of a run says that it has spent.

interface Spending {
  readonly tokens: number
  readonly costMicroUsd: number
}

export const spend = <Row extends Spending & { readonly fork?: RowFork }>(
  row: Row,
  event: Extract<RunEvent, { type: 'ModelCallSucceeded' | 'ModelCallFailed' }>,
): Row => {
  const { usage, costMicroUsd = 0, source } = event.data
  if (usage === undefined || source === 'recorded' || isCopied(row, event)) return row
  return { ...row, tokens: row.tokens + usage.inputTokens + usage.outputTokens, costMicroUsd: row.costMicroUsd + costMicroUsd }
}

export const spendOfChild = <Row extends Spending>(row: Row, spent: ChildSpent | undefined): Row =>
  spent === undefined ? row : { ...row, tokens: row.tokens + spent.tokens, costMicroUsd: row.costMicroUsd + spent.costMicroUsd }

/** Whoever takes over the claim of a dead owner counts on, so this is neither a repetition nor a takeover. */
export const isNewCall = (event: Extract<RunEvent, { type: 'ModelCallRequested' | 'ToolCallRequested' }>): boolean =>
  event.data.attempt === 1
