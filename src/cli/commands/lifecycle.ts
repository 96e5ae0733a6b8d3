import type { Json } from '../../json.ts'
import type { WithReason } from '../actions/lifecycle.ts'
import type { AddCommand } from '../command-line.ts'
import { operatorCommand, type ByWhom } from '../operator-command.ts'
import { jsonValue } from '../option-values.ts'

const actions = () => import('../actions/lifecycle.ts')

export const addPauseCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'pause', 'let a run begin nothing new until it is resumed')
    .option('--reason <text>', 'why')
    .action(async (runId: string, options: ByWhom & Partial<WithReason>) => (await actions()).pause(commandLine(), runId, options))
}

export const addResumeCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'resume', 'let a paused run go on').action(async (runId: string, options: ByWhom) =>
    (await actions()).resume(commandLine(), runId, options),
  )
}

export const addReopenCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'reopen', 'let a run go on that a defect of its agent has failed, once that is repaired')
    .option('--note <text>', 'what was repaired')
    .action(async (runId: string, options: ByWhom & { readonly note?: string }) => (await actions()).reopen(commandLine(), runId, options))
}

export const addCancelCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'cancel', 'end a run, whatever it does')
    .requiredOption('--reason <text>', 'why')
    .action(async (runId: string, options: WithReason) => (await actions()).cancel(commandLine(), runId, options))
}

export const addCompleteCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'complete', 'end a run that waits for a message or is owned by a person, as done')
    .option('--output <json>', 'its result', jsonValue)
    .action(async (runId: string, options: ByWhom & { readonly output?: Json }) =>
      (await actions()).complete(commandLine(), runId, options),
    )
}

export const addFailCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'fail', 'end a run that a person owns, as failed')
    .requiredOption('--reason <text>', 'why')
    .action(async (runId: string, options: WithReason) => (await actions()).fail(commandLine(), runId, options))
}
