import type { AddCommand } from '../command-line.ts'
import { port } from '../option-values.ts'

export const addTracerCommand: AddCommand = (program, commandLine) => {
  program
    .command('tracer')
    .description('export the traces of all runs to what REFOLD_OTLP_ENDPOINT names, until it is told to stop')
    .option('--health-port <port>', 'serve /healthz, /readyz and /metrics there; REFOLD_HEALTH_PORT without it', port)
    .action(async ({ healthPort }: { readonly healthPort?: number }) =>
      (await import('../actions/tracer.ts')).tracer(commandLine(), healthPort),
    )
}
