import type { AddCommand } from '../command-line.ts'
import type { ShowOptions } from '../actions/show.ts'

export const addShowCommand: AddCommand = (program, commandLine) => {
  program
    .command('show')
    .description('where a run stands, what happened in it, and what it cost')
    .argument('<run>', 'run id')
    .option('--transcript', 'the conversation instead of the events')
    .addHelpText('after', '\nExamples:\n  refold show 0190a7…\n  refold show 0190a7… --transcript')
    .action(async (runId: string, options: ShowOptions) => (await import('../actions/show.ts')).show(commandLine(), runId, options))
}
