import { count, duration, money } from '../../src/projections/amount-text.ts'
import { wallTimeMs } from '../../src/projections/budget.ts'
import type { RunAt } from './run-fold.ts'

/** What is used up of each limit, at the cursor. */
export const BudgetsPane = ({ state: { budget }, at }: { readonly state: RunAt; readonly at: number }) => {
  const { limits } = budget
  return (
    <table class="budgets">
      <caption class="unseen">Budgets</caption>
      <tbody>
        <Meter name="model calls, turn" used={budget.iterations} limit={limits?.iterationsPerTurn} show={count} />
        <Meter name="tool calls, turn" used={budget.toolCalls} limit={limits?.toolCallsPerTurn} show={count} />
        <Meter name="tokens" used={budget.tokens} limit={limits?.tokens} show={count} />
        <Meter name="cost" used={budget.costMicroUsd} limit={limits?.costMicroUsd} show={money} />
        <Meter name="time, turn" used={wallTimeMs(budget, at)} limit={limits?.wallTimeMs} show={duration} />
        {budget.childRuns > 0 && <Meter name="runs below it" used={budget.childRuns} limit={limits?.childRuns} show={count} />}
      </tbody>
    </table>
  )
}

interface MeterProps {
  readonly name: string
  readonly used: number
  readonly limit: number | null | undefined
  readonly show: (amount: number) => string
}

const Meter = ({ name, used, limit, show }: MeterProps) => (
  <tr>
    <th scope="row">{name}</th>
    <td>
      {limit !== null && limit !== undefined && (
        <meter aria-label={name} min={0} max={Math.max(limit, 1)} high={limit * 0.8} optimum={0} value={Math.min(used, limit)} />
      )}
    </td>
    <td class="number">
      {show(used)}
      {limit !== null && limit !== undefined && <span class="faint"> of {show(limit)}</span>}
    </td>
  </tr>
)
