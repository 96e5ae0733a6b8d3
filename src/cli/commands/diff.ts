import type { AddCommand } from '../command-line.ts'

export const addDiffCommand: AddCommand = (program, commandLine) => {
  program
    .command('diff')
    .description('where two runs part, and how they go on from there')
    .argument('<a>', 'run id, or run@revision: up to there')
    .argument('<b>', 'run id, or run@revision')
    .addHelpText(
      'after',
      '\nIds, times and owners are left out. Behind the first difference events stand side by side by type, tool or model, and place.\n' +
        '\nExamples:\n  refold diff 0190a7… 0190a8…\n  refold diff 0190a7…@7 0190a7…@12 --json',
    )
    .action(async (a: string, b: string) => (await import('../actions/diff.ts')).diff(commandLine(), a, b))
}
