import type { OpenRefold } from '../open-refold.ts'
import type { RunRow } from '../projections/run-index.ts'

const PAGE = 1_000

/** The rows of all runs, the one that was touched longest ago first. */
export const everyRun = async ({ index, projector }: OpenRefold): Promise<RunRow[]> => {
  await projector.catchUp()
  const rows: RunRow[] = []
  for (;;) {
    const before = rows.at(-1)?.position
    const page = await index.list({ limit: PAGE, ...(before === undefined ? {} : { before }) })
    rows.push(...page)
    if (page.length < PAGE) return rows.reverse()
  }
}
