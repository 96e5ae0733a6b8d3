import type { FoundRun } from '../../views/run-search.ts'
import type { RunFilter, ViewStore } from '../../views/view-store.ts'
import type { CommandLine } from '../command-line.ts'
import type { FreshOption } from '../fresh-option.ts'
import { takeIn } from '../known-views.ts'
import { present } from '../../present.ts'
import { runTable } from '../run-table.ts'
import { reading } from '../session.ts'

export interface ListOptions extends RunFilter, FreshOption {
  readonly limit: number
}

export const list = (line: CommandLine, { limit, fresh, ...filter }: ListOptions): Promise<void> =>
  reading(line, async (refold) => {
    const { views, agents } = refold
    await takeIn(line, refold, present({ fresh }))
    const now = line.clock.now()
    const { runs, hasMore } = await firstRuns(views, { filter, limit, now })
    const { output } = line
    if (output.json) {
      const { listedRun } = await import('../../http/listed-run.ts')
      await output.document(runs.map(listedRun))
    } else if (runs.length > 0) {
      const rows = runs.map(({ row }) => row)
      for (const text of runTable(rows, now, { ...output, agents })) await output.line(text)
    }
    if (runs.length === 0) await output.note('No runs.')
    if (hasMore) await output.note(`There are more: --limit ${limit * 2}`)
  })

interface Wanted {
  readonly filter: RunFilter
  readonly limit: number
  readonly now: number
}

const PAGE = 1_000

const firstRuns = async (
  views: Pick<ViewStore, 'find'>,
  { filter, limit, now }: Wanted,
): Promise<{ runs: FoundRun[]; hasMore: boolean }> => {
  const runs: FoundRun[] = []
  let cursor: string | undefined
  do {
    const page = await views.find({ ...filter, ...present({ cursor }), limit: Math.min(PAGE, limit - runs.length) }, now)
    runs.push(...page.runs)
    cursor = page.next ?? undefined
  } while (cursor !== undefined && runs.length < limit)
  return { runs, hasMore: cursor !== undefined }
}
