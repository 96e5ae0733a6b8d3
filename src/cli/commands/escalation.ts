import type { GiveBackOptions, TakeOverOptions } from '../actions/escalation.ts'
import type { AddCommand } from '../command-line.ts'
import { operatorCommand, type ByWhom } from '../operator-command.ts'
import { jsonValue } from '../option-values.ts'

const actions = () => import('../actions/escalation.ts')

export const addAnswerCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'answer', 'answer for the agent of a run that a person owns')
    .requiredOption('-m, --message <text>', 'the answer that the user gets')
    .addHelpText('after', '\nExample:\n  refold answer 0190a7… -m "I have looked into it: your parcel is in Lyon."')
    .action(async (runId: string, options: ByWhom & { readonly message: string }) =>
      (await actions()).answer(commandLine(), runId, options),
    )
}

export const addTakeOverCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'take-over', 'take a run over from its agent, whatever it does, until it is given back')
    .option('--note <text>', 'why')
    .option('--from <name>', 'who has it, where you take it from another person')
    .addHelpText(
      'after',
      `\nNo model call begins or goes on; what tools do comes to its end. Then you answer in the place of the agent, turn after turn.\n\nExample:\n  refold take-over 0190a7… --note "she asked for a person"`,
    )
    .action(async (runId: string, options: TakeOverOptions) => (await actions()).takeOver(commandLine(), runId, options))
}

export const addGiveBackCommand: AddCommand = (program, commandLine) => {
  program
    .command('give-back')
    .description('let the agent go on with a run that a person owns or has taken over, or with all that need one')
    .argument('[run]', 'run id')
    .option('--all', 'every run that a person owns, but for those that somebody has taken over')
    .option('--reason <text>', 'with --all: only those with this in their reason, such as network or overloaded')
    .option('--agent <name>', 'with --all: only those of this agent')
    .option('--dry-run', 'with --all: only say which they are')
    .option('--note <text>', 'what the agent is told')
    .option('--limits <json>', 'limits that hold from now on; null switches one off', jsonValue)
    .option('--by <name>', 'who asks for it (default: you)')
    .addHelpText(
      'after',
      `\nExamples:\n  refold give-back 0190a7… --note "try the other carrier" --limits '{"costUsd":2}'\n  refold give-back --all --reason network --dry-run`,
    )
    .action(async (runId: string | undefined, options: GiveBackOptions) => (await actions()).giveBack(commandLine(), runId, options))
}
