import type { MoveOptions } from '../actions/move.ts'
import type { AddCommand } from '../command-line.ts'

export const addMoveCommand: AddCommand = (program, commandLine) => {
  program
    .command('move')
    .description('let a run go on with another version of its agent, or all open runs of one')
    .argument('[run]', 'run id')
    .requiredOption('--to <version>', 'which one; it has to be in the configuration')
    .option('--all', 'every open run of the agent that is on another version')
    .option('--agent <name>', 'with --all: whose runs')
    .option('--from <version>', 'with --all: only those that are on this version')
    .option('--dry-run', 'only say what keeps them from it')
    .option('--note <text>', 'kept with who and when')
    .option('--by <name>', 'who asks for it (default: you)')
    .addHelpText(
      'after',
      '\nThe code of that version has to explain every event of the run, and to go on with all that is open. Nothing may be under way: pause a busy run first.\n' +
        'What waits for an approval is asked again. Settings stay those that the run was started with.\n' +
        '\nExamples:\n  refold move 0190a7… --to 2 --dry-run\n  refold move --all --agent support --from 1 --to 2',
    )
    .action(async (runId: string | undefined, options: MoveOptions) =>
      (await import('../actions/move.ts')).move(commandLine(), runId, options),
    )
}
