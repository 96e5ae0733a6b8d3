import type { RunRow } from '../projections/run-index.ts'
import type { ViewStore } from '../views/view-store.ts'

/** What the views say of the runs above and below some, so that none of them has to be folded to learn that there is nothing new. */
export interface RunFamily {
  /** Whether the run that has asked for this one waits for it still; true where none has. */
  isWanted(row: RunRow): boolean
  /**
   * Whether each run that this one waits for waits itself, by its own row, for the very person that this one was told of: what it has to
   * say it has said then.
   */
  hasHeardAll(row: RunRow): boolean
}

const ROWS_AT_ONCE = 500

export const familyOf = async (views: Pick<ViewStore, 'getMany'>, rows: readonly RunRow[]): Promise<RunFamily> => {
  const around = rows.flatMap(({ children = {}, parent }) => [...Object.values(children).map(({ in: place }) => place), parent?.runId])
  const runIds = [...new Set(around)].filter((runId) => runId !== undefined)
  const known = new Map<string, RunRow>()
  for (let at = 0; at < runIds.length; at += ROWS_AT_ONCE)
    for (const row of await views.getMany(runIds.slice(at, at + ROWS_AT_ONCE))) known.set(row.runId, row)
  return {
    isWanted: ({ parent }) => parent === undefined || Object.hasOwn(known.get(parent.runId)?.owed ?? {}, parent.callId),
    hasHeardAll: ({ children = {} }) =>
      Object.values(children).every(({ whom, in: place = '' }) => {
        const row = known.get(place)
        return whom !== null && row?.status === 'active' && row.problem === undefined && row.waitsFor === whom && row.waitsIn === null
      }),
  }
}
