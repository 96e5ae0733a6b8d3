import type { RunState } from '../fold/run-state.ts'

/** Against acting on the past: what was performed, armed or told by a newer state must not be so again by an older one. */
export interface NewestSeen {
  /** Whether the state is no older than any that was asked about. */
  admits(state: RunState): boolean
}

/** Runs are remembered beyond their time in memory: a log that lags behind what it acknowledged does so for seconds. */
const MOST_RUNS = 16_384

export const createNewestSeen = (mostRuns = MOST_RUNS): NewestSeen => {
  // In order of use.
  const revisions = new Map<string, number>()
  return {
    admits({ runId, revision }) {
      const newest = revisions.get(runId) ?? -1
      revisions.delete(runId)
      revisions.set(runId, Math.max(newest, revision))
      const [oldest] = revisions.keys()
      if (revisions.size > mostRuns && oldest !== undefined) revisions.delete(oldest)
      return revision >= newest
    },
  }
}
