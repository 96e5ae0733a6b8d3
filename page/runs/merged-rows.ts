import type { RunPage, RunRow } from '../server/contract.ts'

/**
 * The list with its first page as it is now. What has changed and is not on that page fits the search no longer, since what has changed last
 * stands first; rows of other pages stay as they are.
 */
export const mergedRows = (before: readonly RunRow[], page: RunPage, changed: ReadonlySet<string>): readonly RunRow[] => {
  if (page.next === null) return page.runs
  const fresh = new Set(page.runs.map(({ runId }) => runId))
  return [...page.runs, ...before.filter(({ runId }) => !fresh.has(runId) && !changed.has(runId))]
}
