import { AppError } from '../../errors.ts'
import type { SettledOutcome } from '../../fold/decide.ts'
import type { Json } from '../../json.ts'
import type { CommandLine } from '../command-line.ts'
import { moveRun } from '../moved-run.ts'
import type { ByWhom } from '../operator-command.ts'

export interface SettleOptions extends ByWhom {
  readonly succeeded?: Json
  readonly failed?: string
}

export const settle = async (line: CommandLine, runId: string, callId: string, options: SettleOptions): Promise<void> => {
  const outcome = outcomeOf(options)
  await moveRun(line, runId, (run) => run.settleToolCall(callId, { by: options.by ?? line.user, outcome }))
}

const outcomeOf = ({ succeeded, failed }: SettleOptions): SettledOutcome => {
  if (succeeded !== undefined && failed === undefined) return { succeeded: true, output: succeeded }
  if (failed !== undefined && succeeded === undefined) return { succeeded: false, message: failed }
  throw new AppError('InvalidInput', `Expected either --succeeded or --failed, found ${failed === undefined ? 'neither' : 'both'}`)
}
