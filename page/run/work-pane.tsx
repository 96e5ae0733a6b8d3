import { useSelector } from '@xstate/store-preact'
import { timerName } from '../../src/projections/event-summary.ts'
import { fromNow } from '../../src/projections/amount-text.ts'
import { visibleText } from '../../src/text.ts'
import { Link } from '../address/link.tsx'
import { runHref } from '../runs/run-row.tsx'
import type { RunAt } from './run-fold.ts'
import { now } from '../preferences/now.ts'

interface WorkPaneProps {
  readonly state: RunAt
  /** Of the event at the cursor. */
  readonly at: number
  readonly isLive: boolean
}

/** What the run owed at the cursor, and by whom it was held; of a live run a lease is told as it is now. */
export const WorkPane = ({ state, at, isLive }: WorkPaneProps) => {
  const then = useSelector(now, ({ context }) => (isLive ? context.at : at))
  const work = [...state.work]
  const timers = Object.entries(state.timers)
  if (work.length === 0 && timers.length === 0) return <p class="faint">Nothing is open.</p>
  return (
    <ul class="work">
      {work.map(([key, entry]) => (
        <li key={key}>
          <span class="mono">{visibleText(key)}</span> {visibleText(entry.intent ?? '')} <strong>{entry.status}</strong>
          {entry.attempt !== undefined && entry.attempt > 1 && ` attempt ${entry.attempt}`}
          {entry.owner !== undefined && ` by ${visibleText(entry.owner)}`}
          {entry.leaseUntil !== undefined && `, lease ends ${endText(entry.leaseUntil - then)}`}
          {entry.behind !== undefined && ` behind ${visibleText(entry.behind)}`}
          {entry.waitsFor !== undefined && ` waits for ${entry.waitsFor}`}
          {entry.childRunId !== undefined && (
            <>
              {' '}
              <Link to={runHref(entry.childRunId)}>{visibleText(entry.childRunId)}</Link>
            </>
          )}
        </li>
      ))}
      {timers.map(([timerId, dueAt]) => (
        <li key={timerId}>
          <span class="mono">{visibleText(timerName(timerId))}</span> due {endText(dueAt - then)}
        </li>
      ))}
    </ul>
  )
}

const endText = (ms: number): string => (ms < 0 ? 'is over' : fromNow(ms))
