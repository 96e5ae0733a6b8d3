import { describeDifference, refoldStep, type Difference } from '../fold/replay.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import { agentOf } from './fold-run.ts'
import { notFound, readRun } from './run-reader.ts'
import type { RuntimeParts } from './runtime-parts.ts'

export type Verification =
  | { readonly ok: true; readonly events: number; readonly state: RunState }
  | { readonly ok: false; readonly events: number; readonly difference: Difference; readonly report: string }

/** Replays a run and stops at the first difference. Calls no model and no tool. */
export const verifyRun = async (parts: Pick<RuntimeParts, 'log' | 'blobs' | 'agents'>, runId: string): Promise<Verification> => {
  let agent: Agent | undefined
  let state: RunState | undefined
  for await (const recorded of readRun(parts, runId)) {
    agent ??= agentOf(parts, recorded.event)
    const refold = refoldStep(agent.program, state, recorded)
    const events = recorded.event.revision
    if (!refold.ok) return { ok: false, events, difference: refold.difference, report: describeDifference(refold.difference) }
    state = refold.state
  }
  if (state === undefined) throw notFound(runId)
  return { ok: true, events: state.revision + 1, state }
}
