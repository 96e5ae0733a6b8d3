import type { AddCommand } from '../command-line.ts'
import { port } from '../option-values.ts'

/** Works on runs: as many of them as you like, on one log. */
export const addWorkerCommand: AddCommand = (program, commandLine) => {
  program
    .command('worker')
    .description('work on runs, and on the commands of a Kafka if REFOLD_KAFKA names one, until it is told to stop')
    .option('--health-port <port>', 'serve /healthz, /readyz and /metrics there; REFOLD_HEALTH_PORT without it', port)
    .action(async ({ healthPort }: { readonly healthPort?: number }) =>
      (await import('../actions/worker.ts')).worker(commandLine(), healthPort),
    )
}
