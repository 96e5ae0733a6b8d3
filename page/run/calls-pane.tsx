import { visibleText } from '../../src/text.ts'
import type { RunAt } from './run-fold.ts'

const NEWEST = 50

/** Tool calls by then, the newest first. */
export const CallsPane = ({ state }: { readonly state: RunAt }) => {
  const calls = [...state.calls.values()].slice(-NEWEST).reverse()
  if (calls.length === 0) return <p class="faint">No tool was asked for yet.</p>
  return (
    <ul class="calls">
      {calls.map((call) => (
        <li key={call.callId}>
          <span class="mono">{visibleText(call.callId)}</span> {visibleText(call.tool ?? '')} <strong>{call.state}</strong>
          {call.attempts > 1 && ` ${call.attempts} attempts`}
        </li>
      ))}
    </ul>
  )
}
