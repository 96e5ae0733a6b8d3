import { Option } from 'commander'
import type { AddCommand } from '../command-line.ts'
import { withFreshOption } from '../fresh-option.ts'
import { positiveInteger } from '../option-values.ts'
import type { ListOptions } from '../actions/list.ts'

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
    .action(async (options: ListOptions) => (await import('../actions/list.ts')).list(commandLine(), options))
}
