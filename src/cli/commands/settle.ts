import type { SettleOptions } from '../actions/settle.ts'
import type { AddCommand } from '../command-line.ts'
import { operatorCommand } from '../operator-command.ts'
import { jsonValue } from '../option-values.ts'

export const addSettleCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'settle', 'say what became of a call of which nobody knows')
    .argument('<call>', 'call id')
    .option('--succeeded <json>', 'it happened, and this is its output', jsonValue)
    .option('--failed <text>', 'it did not happen, and never will')
    .addHelpText(
      'after',
      `\nExamples:\n  refold settle 0190a7… 4.0 --succeeded '{"booking":"B-17"}'\n  refold settle 0190a7… 4.0 --failed "the bank has no such payment"`,
    )
    .action(async (runId: string, callId: string, options: SettleOptions) =>
      (await import('../actions/settle.ts')).settle(commandLine(), runId, callId, options),
    )
}
