import { useSelector } from '@xstate/store-preact'
import { useEffect } from 'preact/hooks'
import { count, money } from '../../src/projections/amount-text.ts'
import { visibleText } from '../../src/text.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import { runs } from './runs-store.ts'

export const RunsPage = () => {
  const { rows, error } = useSelector(runs, ({ context }) => context)
  useEffect(() => {
    runs.trigger.asked()
  }, [])
  return (
    <div class="runs">
      <h1>Runs</h1>
      {error !== undefined && <ProblemCard error={error} retry={runs.trigger.asked} />}
      {rows?.length === 0 && <p class="faint">There is no run yet.</p>}
      <ul>
        {rows?.map((row) => (
          <li key={row.runId}>
            <code>{visibleText(row.runId)}</code> {visibleText(`${row.agent}@${row.agentVersion}`)}: {visibleText(row.state)},{' '}
            {count(row.tokens)} tokens, {money(row.costMicroUsd)}
          </li>
        ))}
      </ul>
    </div>
  )
}
