import { AppError } from '../../errors.ts'
import type { SettledOutcome } from '../../fold/decide.ts'
import type { Json } from '../../json.ts'
import type { AddCommand } from '../command-line.ts'
import { moveRun } from '../moved-run.ts'
import { operatorCommand, type ByWhom } from '../operator-command.ts'
import { jsonValue } from '../option-values.ts'

interface SettleOptions extends ByWhom {
  readonly succeeded?: Json
  readonly failed?: string
}

export const addSettleCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'settle', 'say what became of a call of which nobody knows')
    .argument('<call>', 'call id')
    .option('--succeeded <json>', 'it happened, and this is its output', jsonValue)
    .option('--failed <text>', 'it did not happen, and never will')
    .addHelpText(
      'after',
      `\nExamples:\n  refold settle 0190a7… 4.0 --succeeded '{"booking":"B-17"}'\n  refold settle 0190a7… 4.0 --failed "the bank has no such payment"`,
    )
    .action((runId: string, callId: string, options: SettleOptions) => {
      const line = commandLine()
      const outcome = outcomeOf(options)
      return moveRun(line, runId, (run) => run.settleToolCall(callId, { by: options.by ?? line.user, outcome }))
    })
}

const outcomeOf = ({ succeeded, failed }: SettleOptions): SettledOutcome => {
  if (succeeded !== undefined && failed === undefined) return { succeeded: true, output: succeeded }
  if (failed !== undefined && succeeded === undefined) return { succeeded: false, message: failed }
  throw new AppError('InvalidInput', `Expected either --succeeded or --failed, found ${failed === undefined ? 'neither' : 'both'}`)
}
