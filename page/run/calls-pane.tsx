import { visibleText } from '../../src/text.ts'
import { setQuery } from '../address/address.ts'
import type { ToolCallRecord } from '../../src/projections/tool-call-records.ts'
import { memo } from '../parts/memo.tsx'
import { ChartPane } from './chart-pane.tsx'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import type { RunAt } from './run-fold.ts'
import { sourceOfCall } from './source-of.ts'
import { Source } from './source.tsx'

interface CallsPaneProps {
  readonly state: RunAt
  readonly before: RunAt | undefined
  readonly row: OutlineRow
  readonly open: string | undefined
}

/** Tool calls by then, the newest first; one of them with its chart. */
export const CallsPane = ({ state, before, row, open }: CallsPaneProps) => {
  const calls = state.newestCalls.flatMap((callId) => state.calls.get(callId) ?? []).reverse()
  if (calls.length === 0) return <p class="faint">No tool was asked for yet.</p>
  return (
    <ul class="calls">
      {calls.map((call) => (
        <li key={call.callId}>
          <CallButton call={call} isOpen={open === call.callId} isOfFork={state.fork !== undefined} />
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

interface CallButtonProps {
  readonly call: ToolCallRecord
  readonly isOpen: boolean
  readonly isOfFork: boolean
}

const CallButton = memo(({ call, isOpen, isOfFork }: CallButtonProps) => (
  <button
    type="button"
    class="plain"
    aria-expanded={isOpen}
    onClick={() => {
      setQuery({ call: isOpen ? undefined : call.callId }, 'slide')
    }}
  >
    <span class="mono">{visibleText(call.callId)}</span> {visibleText(call.tool ?? '')} <strong>{call.state}</strong>
    {call.attempts > 1 && ` ${call.attempts} attempts`} <Source source={isOfFork ? sourceOfCall(call) : undefined} />
  </button>
))
