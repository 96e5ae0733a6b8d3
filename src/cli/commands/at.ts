import type { AddCommand } from '../command-line.ts'
import { wholeNumber } from '../option-values.ts'

export const addAtCommand: AddCommand = (program, commandLine) => {
  program
    .command('at')
    .description('what a run was at one revision')
    .argument('<run>', 'run id')
    .argument('<revision>', '0, 1, 2 …, as in `refold show`', wholeNumber)
    .addHelpText('after', '\nShows its state, transcript, budget, open effects and projections.\n\nExample:\n  refold at 0190a7… 4')
    .action(async (runId: string, revision: number) => (await import('../actions/at.ts')).at(commandLine(), runId, revision))
}
