import type { Json } from '../../json.ts'
import { present } from '../../present.ts'
import type { AddCommand } from '../command-line.ts'
import { moveRun } from '../moved-run.ts'
import { operatorCommand, type ByWhom } from '../operator-command.ts'
import { jsonValue } from '../option-values.ts'

interface WithReason extends ByWhom {
  readonly reason: string
}

export const addPauseCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'pause', 'let a run begin nothing new until it is resumed')
    .option('--reason <text>', 'why')
    .action((runId: string, { by, reason }: ByWhom & Partial<WithReason>) => {
      const line = commandLine()
      return moveRun(line, runId, (run) => run.pause(present({ by: by ?? line.user, reason })))
    })
}

export const addResumeCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'resume', 'let a paused run go on').action((runId: string, { by }: ByWhom) => {
    const line = commandLine()
    return moveRun(line, runId, (run) => run.resume({ by: by ?? line.user }))
  })
}

export const addReopenCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'reopen', 'let a run go on that a defect of its agent has failed, once that is repaired')
    .option('--note <text>', 'what was repaired')
    .action((runId: string, { by, note }: ByWhom & { readonly note?: string }) => {
      const line = commandLine()
      return moveRun(line, runId, (run) => run.reopen(present({ by: by ?? line.user, note })))
    })
}

export const addCancelCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'cancel', 'end a run, whatever it does')
    .requiredOption('--reason <text>', 'why')
    .action((runId: string, { by, reason }: WithReason) => {
      const line = commandLine()
      return moveRun(line, runId, (run) => run.cancel({ by: by ?? line.user, reason }), 'cancelled')
    })
}

export const addCompleteCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'complete', 'end a run that waits for a message or is owned by a person, as done')
    .option('--output <json>', 'its result', jsonValue)
    .action((runId: string, { by, output }: ByWhom & { readonly output?: Json }) => {
      const line = commandLine()
      return moveRun(line, runId, (run) => run.complete(present({ by: by ?? line.user, output })))
    })
}

export const addFailCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'fail', 'end a run that a person owns, as failed')
    .requiredOption('--reason <text>', 'why')
    .action((runId: string, { by, reason }: WithReason) => {
      const line = commandLine()
      return moveRun(line, runId, (run) => run.fail({ by: by ?? line.user, reason }), 'failed')
    })
}
