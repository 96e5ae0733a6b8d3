import type { OpenRefold } from '../open-refold.ts'
import { present } from '../present.ts'
import type { RunRow } from '../projections/run-index.ts'

const PAGE = 1_000

/** The rows of all runs, the one that was touched longest ago first. */
export const everyRun = async ({ views, projector }: Pick<OpenRefold, 'views' | 'projector'>): Promise<RunRow[]> => {
  await projector.catchUp()
  const rows: RunRow[] = []
  for (;;) {
    const page = await views.list(present({ limit: PAGE, before: rows.at(-1)?.position }))
    rows.push(...page)
    if (page.length < PAGE) return rows.reverse()
  }
}
