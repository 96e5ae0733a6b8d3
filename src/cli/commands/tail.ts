import type { AddCommand } from '../command-line.ts'
import { wholeNumber } from '../option-values.ts'
import type { TailOptions } from '../actions/tail.ts'

export const addTailCommand: AddCommand = (program, commandLine) => {
  program
    .command('tail')
    .description('events as they are recorded, of one run until it ends or of all, until Ctrl-C')
    .argument('[run]', 'run id')
    .option(
      '--from <n>',
      'begin with this revision of the run, or this position of the log, as 0 for all that is past; from now on without it',
      wholeNumber,
    )
    .addHelpText('after', '\nExamples:\n  refold tail\n  refold tail 0190a7… --from 0\n  refold tail --json | jq -r .type')
    .action(async (runId: string | undefined, options: TailOptions) =>
      (await import('../actions/tail.ts')).tail(commandLine(), runId, options),
    )
}
