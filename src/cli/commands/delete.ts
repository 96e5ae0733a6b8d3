import type { AddCommand } from '../command-line.ts'
import { operatorCommand } from '../operator-command.ts'
import type { DeleteCommandOptions } from '../actions/delete.ts'

export const addDeleteCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'delete', 'take a run that has ended out of the log, with the runs that it has started, for good')
    .option('--reason <text>', 'why; it is kept, with who and when')
    .option('--cancel', 'cancel it first where it is active')
    .option('--force', 'also where nobody knows what became of a call of it')
    .option('--dry-run', 'only say what would go')
    .option('--yes', 'it is meant: without this, nothing is deleted')
    .addHelpText(
      'after',
      '\nIts events, payloads, snapshots and views go. What a Kafka or a backup holds stays there.\n\nExample:\n  refold delete 0190a7… --reason "asked for by the customer" --yes',
    )
    .action(async (runId: string, options: DeleteCommandOptions) =>
      (await import('../actions/delete.ts')).deleteRun(commandLine(), runId, options),
    )
}
