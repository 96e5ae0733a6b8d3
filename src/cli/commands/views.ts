import type { AddCommand } from '../command-line.ts'

const actions = () => import('../actions/views.ts')

/** Looks after the views, which any process may do while the others go on. */
export const addViewsCommand: AddCommand = (program, commandLine) => {
  const views = program.command('views').description('where the views stand; pause, resume and rebuild what feeds them')
  views
    .command('status', { isDefault: true })
    .description('what feeds the views, how far they are, and how many rows they hold')
    .action(async () => (await actions()).status(commandLine()))
  views
    .command('pause')
    .description('let every `refold project` stand still, on whatever machine, within about a second')
    .action(async () => (await actions()).pause(commandLine(), true))
  views
    .command('resume')
    .description('let them go on')
    .action(async () => (await actions()).pause(commandLine(), false))
  views
    .command('rebuild')
    .description('fold the whole log anew while the old views are read and written, and put the result in their place in one step')
    .action(async () => (await actions()).rebuild(commandLine()))
}
