import { AppError } from '../errors.ts'
import { describeDifference, refoldStep, type Difference } from '../fold/replay.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import { readRun } from './run-reader.ts'
import type { RuntimeParts } from './runtime-parts.ts'

export type Verification =
  | { readonly ok: true; readonly events: number; readonly state: RunState }
  | { readonly ok: false; readonly events: number; readonly difference: Difference; readonly report: string }

/** Replays a run and stops at the first difference. Calls no model and no tool. */
export const verifyRun = async (parts: Pick<RuntimeParts, 'log' | 'blobs' | 'agents'>, runId: string): Promise<Verification> => {
  let agent: Agent | undefined
  let state: RunState | undefined
  let events = 0
  for await (const recorded of readRun(parts, runId)) {
    if (recorded.event.type === 'RunStarted') agent = parts.agents.ofRun(runId, recorded.event.data)
    if (agent === undefined) throw new AppError('EventLogCorrupt', `Expected RunStarted first in ${runId}, found ${recorded.event.type}`)
    const refold = refoldStep(agent.program, state, recorded)
    if (!refold.ok) return { ok: false, events, difference: refold.difference, report: describeDifference(refold.difference) }
    state = refold.state
    events += 1
  }
  if (state === undefined) throw new AppError('RunNotFound', `Expected a run ${runId}, found no events`)
  return { ok: true, events, state }
}
