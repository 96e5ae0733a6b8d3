import type { Limits } from '../events/limits.ts'
import type { RunFact } from '../events/run-events.ts'
import { present } from '../present.ts'
import { accepts } from './accepts.ts'
import type { RunState } from './run-state.ts'
import { stateText } from './standing.ts'

interface TakeOver {
  readonly by: string
  readonly note?: string
  /** Who has it. */
  readonly from?: string
}

interface GiveBack {
  readonly by: string
  readonly note?: string
  readonly limits?: Partial<Limits>
}

/** The fact by which a person takes a run over, or why they cannot: two do not take it from each other without saying so. */
export const takeOver = (state: RunState, { by, note, from }: TakeOver): RunFact | string => {
  const { runId, status, takenOver } = state
  if (status === 'active' && takenOver?.by !== from) {
    if (takenOver === undefined) return `nobody has taken ${runId} over: it cannot be taken from ${from ?? ''}`
    const taken = `${takenOver.by} has taken ${runId} over`
    return takenOver.by === by ? taken : `${taken}: say that you take it from ${takenOver.by}`
  }
  if (status === 'active' && takenOver?.by === by) return `${by} has ${runId} already, and cannot take it from themselves`
  return { type: 'RunTakenOver', data: { by, ...present({ note, from }) } }
}

/** Where the run is in a person's hands the agent goes on; elsewhere it is only nobody's any more, and goes on where it stands. */
export const giveBack = (state: RunState, { by, note, limits }: GiveBack, at: number): RunFact | string => {
  const returned: RunFact = { type: 'RunReturned', data: { by, ...present({ note, limits }) } }
  if (state.takenOver === undefined || accepts(state, returned, at)) return returned
  if (limits === undefined) return { type: 'RunReleased', data: { by, ...present({ note }) } }
  return `give-back with other limits is not possible: ${state.runId} is at ${stateText(state.chart)}, and its limits change only where it is escalated`
}
