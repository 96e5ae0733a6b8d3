import type { RunState } from './run-state.ts'

/** Whom an active run waits for; undefined while it works or waits for time to pass. */
export type WaitsFor = 'message' | 'approval' | 'human' | 'resume'

export const waitsFor = (state: RunState): WaitsFor | undefined => {
  if (state.status !== 'active') return undefined
  const open = [...state.owed.values()]
  if (open.some(({ status }) => status === 'claimed')) return undefined
  if (state.paused) return 'resume'
  if (open.some(({ status }) => status === 'wanted')) return undefined
  if (state.approvals.size > 0) return 'approval'
  if (open.some(({ intent, status }) => intent === 'lookUp' && status === 'parked')) return 'human'
  if (!state.chart.hasTag('human')) return undefined
  return state.chart.hasTag('message') ? 'message' : 'human'
}

/** Nothing happens any more unless somebody does something. */
export const isSettled = (state: RunState): boolean => state.status !== 'active' || waitsFor(state) !== undefined || isStopped(state)

/** Code of its agent has failed, and nothing that began before is under way any more. */
const isStopped = ({ broken, owed }: RunState): boolean =>
  broken !== undefined && ![...owed.values()].some(({ status }) => status === 'claimed')

/** Clocks of two machines may differ by so much: a lease of another is over only after this. */
export const CLOCK_MARGIN_MS = 2_000

/** When time itself moves the run next: by a timer, and by a lease of somebody who may be gone. */
export const nextDue = (state: RunState, owner: string): { readonly timerAt?: number; readonly leaseAt?: number } => {
  const timers = [...state.timers.values()].flatMap(({ dueAt }) => (dueAt === undefined ? [] : [dueAt]))
  const leases = [...state.owed.values()].flatMap((owed) =>
    owed.status === 'claimed' && owed.owner !== owner && owed.leaseUntil !== undefined ? [owed.leaseUntil + CLOCK_MARGIN_MS + 1] : [],
  )
  return {
    ...(timers.length === 0 ? {} : { timerAt: Math.min(...timers) }),
    ...(leases.length === 0 ? {} : { leaseAt: Math.min(...leases) }),
  }
}
