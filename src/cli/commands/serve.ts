import type { AddCommand } from '../command-line.ts'
import { port } from '../option-values.ts'
import type { ServeOptions } from '../actions/serve.ts'

export const addServeCommand: AddCommand = (program, commandLine) => {
  program
    .command('serve')
    .description('serve the HTTP API and work on the runs, until Ctrl-C')
    .option('--host <host>', 'name or address to listen on; one that others can reach needs API keys', '127.0.0.1')
    .option('--port <port>', '0 is any that is free', port, 8080)
    .option('--health-port <port>', 'serve /healthz, /readyz and /metrics there too; REFOLD_HEALTH_PORT without it', port)
    .addHelpText('after', '\nExamples:\n  refold serve --port 8080\n  curl localhost:8080/v1/agents')
    .action(async (options: ServeOptions) => (await import('../actions/serve.ts')).serve(commandLine(), options))
}
