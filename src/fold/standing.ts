import type { WaitsFor } from '../events/run-events.ts'
import { waitingChild } from '../projections/open-work.ts'
import type { OpenCall, Owed, RunState } from './run-state.ts'
import type { AnyMachineSnapshot, StateValue } from 'xstate'

/** Whom an active run waits for, be it through a run that it has asked for; undefined while it works or waits for time to pass. */
export const waitsFor = (state: RunState): WaitsFor | undefined => {
  if (state.status !== 'active' || isAny(state, isClaimed)) return undefined
  if (state.paused) return 'resume'
  if (isAny(state, isWanted)) return undefined
  if (state.approvals.size > 0) return 'approval'
  if (isAny(state, isLookedUp)) return 'human'
  if (state.chart.hasTag('human')) return state.chart.hasTag('message') ? 'message' : 'human'
  return waitingChild(state.owed.values())?.waitsFor
}

const isClaimed = ({ status }: Owed): boolean => status === 'claimed'
const isWanted = ({ status }: Owed): boolean => status === 'wanted'
const isLookedUp = ({ intent }: Owed): boolean => intent === 'lookUp'

const isAny = ({ owed }: Pick<RunState, 'owed'>, is: (work: Owed) => boolean): boolean => {
  for (const work of owed.values()) if (is(work)) return true
  return false
}

/** The run below an active run in which somebody has to act; undefined where the run needs somebody itself, or nobody. */
export const waitsIn = (state: RunState): string | undefined =>
  waitsFor(state) === undefined || needsSomebody(state) ? undefined : waitingChild(state.owed.values())?.waitsIn

/** For whom the runs wait that keep this one waiting, by their ids; none where it needs somebody itself. */
export const waitingBelow = (state: RunState): ReadonlyMap<string, WaitsFor> => {
  const below = new Map<string, WaitsFor>()
  if (state.status !== 'active' || needsSomebody(state)) return below
  for (const { waitsFor: whom, waitsIn: place } of state.owed.values()) {
    if (whom !== undefined && place !== undefined) below.set(place, whom)
  }
  return below
}

const needsSomebody = (state: RunState): boolean =>
  state.paused || state.approvals.size > 0 || isAny(state, isLookedUp) || state.chart.hasTag('human')

/** Nothing happens any more unless somebody does something. */
export const isQuiescent = (state: RunState): boolean => state.status !== 'active' || waitsFor(state) !== undefined || isStopped(state)

/** Code of its agent has failed, and nothing that began before is under way any more. */
const isStopped = (state: RunState): boolean => state.broken !== undefined && !isAny(state, isClaimed)

/** Clocks of two machines may differ by so much: a lease of another is over only after this. */
export const CLOCK_MARGIN_MS = 2_000

/** When time itself moves the run next: by a timer, and by a lease of somebody who may be gone. */
export const nextDue = (state: RunState, owner: string): { readonly timerAt?: number; readonly leaseAt?: number } => {
  let timerAt = Infinity
  let leaseAt = Infinity
  for (const { dueAt = Infinity } of state.timers.values()) timerAt = Math.min(timerAt, dueAt)
  for (const owed of state.owed.values()) {
    const isAnothers = owed.status === 'claimed' && owed.owner !== owner && owed.leaseUntil !== undefined
    if (isAnothers) leaseAt = Math.min(leaseAt, owed.leaseUntil + CLOCK_MARGIN_MS + 1)
  }
  return { ...(timerAt === Infinity ? {} : { timerAt }), ...(leaseAt === Infinity ? {} : { leaseAt }) }
}

/** Where a run stands that was cancelled without its chart: whoever recorded that could not ask it. */
export const CANCELLED_PLACE = 'cancelled'

/** Where a chart stands: `thinking.callingModel`; the regions of a parallel state stand in brackets, as in `both(a.x|b.y)`. */
export const stateText = (snapshot: AnyMachineSnapshot): string => valueText(snapshot.value as StateValue)

/** Where the run stands: one that was ended from outside has left its chart where it was. */
export const runPlace = ({ status, chart }: Pick<RunState, 'status' | 'chart'>): string =>
  status !== 'active' && chart.status === 'active' ? status : stateText(chart)

const valueText = (value: StateValue): string => {
  if (typeof value === 'string') return value
  let text = ''
  let regions = 0
  for (const name in value) {
    const inner = value[name]
    text += `${regions === 0 ? '' : '|'}${inner === undefined ? name : joined(name, inner)}`
    regions += 1
  }
  return regions === 1 ? text : `(${text})`
}

const joined = (name: string, inner: StateValue): string => {
  const text = valueText(inner)
  if (text === '' || text === '()') return name
  return text.startsWith('(') ? `${name}${text}` : `${name}.${text}`
}

/** Where the run's chart stands, and where the tool calls that just moved do. */
export const placeText = (chart: AnyMachineSnapshot, calls: ReadonlyMap<string, OpenCall>, moved: readonly string[]): string => {
  let text = stateText(chart)
  for (const callId of moved) text += `; ${callId}=${callPlace(calls.get(callId))}`
  return text
}

const callPlace = (call: OpenCall | undefined): string => (call === undefined ? 'over' : stateText(call.snapshot))
