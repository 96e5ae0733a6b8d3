import type { RunFact } from '../events/run-events.ts'
import type { Owed, RunState } from '../fold/run-state.ts'
import type { Tool } from '../tools/tool.ts'
import type { Batch } from './batch.ts'
import type { Known } from './fold-run.ts'
import type { Job } from './job.ts'
import type { RestoreMark } from './restore-mark.ts'

// What a run does after an older copy of the log was restored. In what the copy lacks it may have gone on: each `once` call that comes next
// in it may have happened already, under the same key.

/** So long callers are expected to repeat what they have wished in vain, as they see it. */
const REPEATED_WITHIN_MS = 24 * 3_600_000

/**
 * Whether a call of a tool that changes something may have happened in what the log has lost. A look-up costs little: it is made for all calls of such a run.
 * Where there is none a person has to look, so it is for the turn that the copy was in, and for what callers may repeat.
 */
export const mayHaveHappened = (
  { restored, calls, places }: RunState,
  { callId, tool, at }: { readonly callId: string; readonly tool: Tool; readonly at: number },
): boolean => {
  if (restored === undefined || calls.get(callId)?.lookedUp === true) return false
  return tool.lookup !== undefined || places.turn === restored.turn || at < restored.at + REPEATED_WITHIN_MS
}

/** What follows for a claim that nobody may perform. */
export const lookUpFirst = ({ key: callId, attempt }: Owed): RunFact => ({
  type: 'ToolCallUnresolved',
  data: { callId, attempt, reason: 'the log was restored from an older copy: it may have happened before' },
})

export interface RestoredRun {
  readonly restore: RestoreMark | undefined
  readonly runId: string
  readonly job: Job
  readonly known: Known | undefined
}

/** Before anything of the run is answered, it is recorded that it goes on from a copy. */
export const markRestored = ({ restore, runId, job, known }: RestoredRun, batch: Batch): void => {
  const state = batch.state()
  if (restore === undefined || state?.status !== 'active' || state.restored?.restoreId === restore.id) return
  const restoreId = restore.id
  if (known !== undefined) {
    if ((known.position ?? restore.position) < restore.position) batch.pushAnyway({ type: 'RunRestored', data: { restoreId } }, undefined)
  } else if (restore.lostRuns.has(runId)) {
    batch.pushAnyway({ type: 'RunRestored', data: { restoreId, lost: true } }, undefined)
  } else if (job.newRun?.ofRestored === true) {
    batch.pushAnyway({ type: 'RunRestored', data: { restoreId } }, undefined)
  }
}
