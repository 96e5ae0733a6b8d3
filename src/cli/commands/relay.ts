import type { AddCommand } from '../command-line.ts'
import { port, positiveInteger } from '../option-values.ts'
import type { RelayCommandOptions } from '../actions/relay.ts'

/** Carries every event of the log to Kafka. */
export const addRelayCommand: AddCommand = (program, commandLine) => {
  program
    .command('relay')
    .description('carry the events of the log to the Kafka that REFOLD_KAFKA names, until it is told to stop')
    .option('--streams <prefix>', 'only streams that begin so: run.3 is one in sixteen', 'run.')
    .option('--partitions <number>', 'of topics that are made; it cannot be raised later', positiveInteger, 12)
    .option('--transactional', 'events and checkpoint in one transaction, so that nothing is repeated', false)
    .option('--health-port <port>', 'serve /healthz, /readyz and /metrics there; REFOLD_HEALTH_PORT without it', port)
    .action(async (options: RelayCommandOptions) => (await import('../actions/relay.ts')).relay(commandLine(), options))
}
