import { Option } from 'commander'
import type { RunFilter } from '../../views/view-store.ts'
import type { AddCommand, CommandLine } from '../command-line.ts'
import { takeIn, withFreshOption, type FreshOption } from '../known-views.ts'
import { present } from '../../present.ts'
import { positiveInteger } from '../option-values.ts'
import { runTable } from '../run-table.ts'
import { reading } from '../session.ts'

interface ListOptions extends RunFilter, FreshOption {
  readonly limit: number
}

export const addListCommand: AddCommand = (program, commandLine) => {
  withFreshOption(program.command('list'))
    .alias('ls')
    .description('list runs, the one with the newest event first')
    .addOption(
      new Option('--status <status>', 'only runs of this status').choices(['active', 'completed', 'failed', 'cancelled', 'deleted']),
    )
    .option('--agent <name>', 'only runs of this agent')
    .option('--tag <name=value>', 'only runs with this tag')
    .addOption(new Option('--waits-for <whom>', 'only runs that wait for this').choices(['message', 'approval', 'human']))
    .option('--limit <n>', 'at most so many', positiveInteger, 50)
    .addHelpText('after', '\nExamples:\n  refold list --waits-for approval\n  refold list --status failed --json')
    .action((options: ListOptions) => list(commandLine(), options))
}

const list = (line: CommandLine, { limit, fresh, ...filter }: ListOptions): Promise<void> =>
  reading(line, async (refold) => {
    const { views, agents } = refold
    await takeIn(line, refold, present({ fresh }))
    const rows = await views.list({ ...filter, limit: limit + 1 })
    const shown = rows.slice(0, limit)
    const { output } = line
    await output.document(shown)
    if (!output.json && shown.length > 0)
      for (const text of runTable(shown, line.clock.now(), { ...output, agents })) await output.line(text)
    if (rows.length === 0) await output.note('No runs.')
    if (rows.length > limit) await output.note(`There are more: --limit ${limit * 2}`)
  })
