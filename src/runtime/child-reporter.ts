import { childReport } from '../fold/child-report.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Job } from './job.ts'

export interface ChildReporter {
  tell(child: RunState): Promise<void>
  isUnderWay(childRunId: string): boolean
}

/**
 * Tells runs what became of those that they asked for. One report of a child at a time, and always of its newest state:
 * a log that is away for long leaves no queue behind.
 */
export const childReporter = (tell: (runId: string, decide: Job['decide']) => Promise<void>): ChildReporter => {
  /** The newest state of each child whose report is under way. */
  const newest = new Map<string, RunState>()

  const tellParent = (child: RunState, parentRunId: string): Promise<void> =>
    tell(parentRunId, (state) => {
      const fact = state === undefined ? undefined : childReport(state, child)
      return { facts: fact === undefined ? [] : [fact], causationId: child.lastEventId, anyway: true }
    })

  const report = async (child: RunState): Promise<void> => {
    const parentRunId = child.started.parent?.runId
    if (parentRunId === undefined) return
    const isUnderWay = newest.has(child.runId)
    newest.set(child.runId, child)
    if (isUnderWay) return
    let told: RunState | undefined
    for (let next = newest.get(child.runId); next !== undefined && next !== told; next = newest.get(child.runId)) {
      await tellParent(next, parentRunId)
      told = next
    }
    newest.delete(child.runId)
  }

  return { tell: report, isUnderWay: (runId) => newest.has(runId) }
}
