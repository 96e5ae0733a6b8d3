import { foldRows } from '../src/consumers/run-rows.ts'
import type { Histories } from './histories.ts'
import type { Stage } from './stage.ts'

/** Rows of these runs that are not what a fold of the log gives. */
export const viewDifferences = async ({ refold }: Stage, histories: Histories, runIds: readonly string[]): Promise<string[]> => {
  const rows = new Map((await refold.index.getMany(runIds)).map((row) => [row.runId, row]))
  return runIds.flatMap((runId) => {
    const folded = foldRows([], histories.of(runId)).rows[0]
    const [expected, found] = [sorted(folded), sorted(rows.get(runId))]
    return expected === found ? [] : [`${runId}: expected ${expected}, found ${found}`]
  })
}

/** A database keeps no order of keys. */
const sorted = (row: unknown): string =>
  JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
