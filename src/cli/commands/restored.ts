import type { AddCommand } from '../command-line.ts'
import type { RestoredOptions } from '../actions/restored.ts'

/** For a restore that nothing remembers: one that took the views back too. */
export const addRestoredCommand: AddCommand = (program, commandLine) => {
  program
    .command('restored')
    .description('say that the log is an older copy: calls that may have happened since are looked up or wait for a person')
    .option('--by <name>', 'who says it; the user of this machine without it')
    .option('--yes', 'it is meant: without this, nothing is recorded')
    .addHelpText(
      'after',
      '\nStop every process first. Where the views know more than the log, processes find it out by themselves when they begin.\n\nExample:\n  refold restored --yes',
    )
    .action(async (options: RestoredOptions) => (await import('../actions/restored.ts')).restored(commandLine(), options))
}
