import type { AddCommand } from '../command-line.ts'

export const addRecoverCommand: AddCommand = (program, commandLine) => {
  program
    .command('recover')
    .description('take up every run that a lost process has left under way')
    .addHelpText('after', '\nThe program that runs the agents does the same when it starts.')
    .action(async () => (await import('../actions/recover.ts')).recover(commandLine()))
}
