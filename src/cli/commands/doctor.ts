import type { AddCommand } from '../command-line.ts'
import type { DoctorOptions } from '../actions/doctor.ts'

export const addDoctorCommand: AddCommand = (program, commandLine) => {
  program
    .command('doctor')
    .description('look for what is wrong with log, runs and configuration')
    .option('--export <file>', 'an earlier `refold export --all`: whether the log still holds all of it')
    .addHelpText('after', '\nReads every event once, and moves no run. Exits with 1 where it finds a problem; warnings alone are fine.')
    .action(async (options: DoctorOptions) => (await import('../actions/doctor.ts')).doctor(commandLine(), options))
}
