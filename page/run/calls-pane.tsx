import { visibleText } from '../../src/text.ts'
import { setQuery } from '../address/address.ts'
import { ChartPane } from './chart-pane.tsx'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import type { RunAt } from './run-fold.ts'
import { Source, sourceOfCall } from './source.tsx'

interface CallsPaneProps {
  readonly state: RunAt
  readonly before: RunAt | undefined
  readonly row: OutlineRow
  readonly open: string | undefined
}

const NEWEST = 50

/** Tool calls by then, the newest first; one of them with its chart. */
export const CallsPane = ({ state, before, row, open }: CallsPaneProps) => {
  const calls = [...state.calls.values()].slice(-NEWEST).reverse()
  if (calls.length === 0) return <p class="faint">No tool was asked for yet.</p>
  return (
    <ul class="calls">
      {calls.map((call) => (
        <li key={call.callId}>
          <button
            type="button"
            class="plain"
            aria-expanded={open === call.callId}
            onClick={() => {
              setQuery({ call: open === call.callId ? undefined : call.callId }, 'slide')
            }}
          >
            <span class="mono">{visibleText(call.callId)}</span> {visibleText(call.tool ?? '')} <strong>{call.state}</strong>
            {call.attempts > 1 && ` ${call.attempts} attempts`} <Source source={state.fork && sourceOfCall(call)} />
          </button>
          {open === call.callId && (
            <ChartPane
              agent={state.agent}
              of="toolCall"
              place={state.callPlaces.get(call.callId) ?? ''}
              placeBefore={before?.callPlaces.get(call.callId) ?? ''}
              type={row.to.includes(`; ${call.callId}=`) ? row.type : undefined}
              isFull={false}
            />
          )}
        </li>
      ))}
    </ul>
  )
}
