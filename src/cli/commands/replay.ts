import type { AddCommand } from '../command-line.ts'

export const addReplayCommand: AddCommand = (program, commandLine) => {
  program
    .command('replay')
    .alias('verify')
    .description('refold runs and compare with what was recorded')
    .argument('[runs...]', 'run ids')
    .option('--all', 'every run')
    .addHelpText(
      'after',
      '\nEvery event is folded again; states, intents, prompts and hashes are compared. No model and no tool is called. Exits with 1 where anything differs or cannot be read.\n\nExamples:\n  refold replay 0190a7…\n  refold replay --all --json',
    )
    .action(async (runIds: string[], options: { readonly all?: true }) =>
      (await import('../actions/replay.ts')).replay(commandLine(), runIds, options.all === true),
    )
}
