import type { AddCommand } from '../command-line.ts'
import { port } from '../option-values.ts'
import type { ProjectOptions } from '../actions/project.ts'

/** Keeps the views in step with the topic of events. */
export const addProjectCommand: AddCommand = (program, commandLine) => {
  program
    .command('project')
    .description('keep the views in step with the events on Kafka, until it is told to stop')
    .option('--rebuild', 'fold them anew first, while the old ones serve', false)
    .option('--health-port <port>', 'serve /healthz, /readyz and /metrics there; REFOLD_HEALTH_PORT without it', port)
    .action(async (options: ProjectOptions) => (await import('../actions/project.ts')).project(commandLine(), options))
}
