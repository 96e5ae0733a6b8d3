import type { WaitsFor } from '../events/run-events.ts'
import { runPlace, waitsFor } from '../fold/standing.ts'
import type { RunState } from '../fold/run-state.ts'
import type { UnfoldedRun } from './unfolded-run.ts'

/** Where a run stands after a wish was granted. */
export interface RunStanding {
  readonly runId: string
  readonly revision: number
  readonly status: RunState['status']
  readonly paused: boolean
  /** Where its chart stands. */
  readonly state: string
  readonly waitsFor: WaitsFor | null
}

export const standingOf = (granted: RunState | RunStanding): RunStanding => {
  if (!('chart' in granted)) return granted
  const { runId, revision, status, paused } = granted
  return { runId, revision, status, paused, state: runPlace(granted), waitsFor: waitsFor(granted) ?? null }
}

export const standingOfUnfolded = ({ row, status }: UnfoldedRun): RunStanding => {
  const { runId, revision, paused, state } = row
  return { runId, revision, status, paused, state, waitsFor: row.waitsFor }
}
