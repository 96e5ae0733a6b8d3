import type { AnyMachineSnapshot, StateValue } from 'xstate'
import type { OpenCall, RunState } from './run-state.ts'

/** Where a run stands that was cancelled without its chart: whoever recorded that could not ask it. */
export const CANCELLED_PLACE = 'cancelled'

/** Where a chart stands: `thinking.callingModel`; the regions of a parallel state stand in brackets, as in `both(a.x|b.y)`. */
export const stateText = (snapshot: AnyMachineSnapshot): string => valueText(snapshot.value as StateValue)

/** Where the run stands: one that was ended from outside has left its chart where it was. */
export const runPlace = ({ status, chart }: Pick<RunState, 'status' | 'chart'>): string =>
  status !== 'active' && chart.status === 'active' ? status : stateText(chart)

const valueText = (value: StateValue): string => {
  if (typeof value === 'string') return value
  const regions = Object.entries(value).map(([name, inner]) => (inner === undefined ? name : joined(name, inner)))
  return regions.length === 1 ? (regions[0] ?? '') : `(${regions.join('|')})`
}

const joined = (name: string, inner: StateValue): string => {
  const text = valueText(inner)
  if (text === '' || text === '()') return name
  return text.startsWith('(') ? `${name}${text}` : `${name}.${text}`
}

/** Where the run's chart stands, and where the tool calls that just moved do. */
export const placeText = (chart: AnyMachineSnapshot, calls: ReadonlyMap<string, OpenCall>, moved: readonly string[]): string =>
  [stateText(chart), ...moved.map((callId) => `${callId}=${callPlace(calls.get(callId))}`)].join('; ')

const callPlace = (call: OpenCall | undefined): string => (call === undefined ? 'over' : stateText(call.snapshot))
