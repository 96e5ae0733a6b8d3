import type { ApproveOptions } from '../actions/approvals.ts'
import type { AddCommand } from '../command-line.ts'
import { operatorCommand, type ByWhom } from '../operator-command.ts'
import { wholeNumber } from '../option-values.ts'

const CALL = 'call id; not needed where only one approval is asked'

const actions = () => import('../actions/approvals.ts')

export const addApproveCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'approve', 'grant what a run asks approval for, exactly as it asks or with other arguments')
    .argument('[call]', CALL)
    .option('--input <json>', 'what the tool gets instead of what it asks for, as JSON, or @ and the path of a file with it')
    .addHelpText('after', `\nExamples:\n  refold approve 0190a7… 4.0\n  refold approve 0190a7… 4.0 --input '{"order":"18","amount":40}'`)
    .option('--seen <revision>', 'the revision that was looked at: refused if a message has come in since', wholeNumber)
    .action(async (runId: string, call: string | undefined, options: ApproveOptions) =>
      (await actions()).approve(commandLine(), runId, call, options),
    )
}

export const addDenyCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'deny', 'deny what a run asks approval for; the agent learns why')
    .argument('[call]', CALL)
    .requiredOption('--reason <text>', 'why, in words for the agent')
    .addHelpText('after', '\nExample:\n  refold deny 0190a7… --reason "more than 100 $ needs a ticket"')
    .action(async (runId: string, call: string | undefined, options: ByWhom & { readonly reason: string }) =>
      (await actions()).deny(commandLine(), runId, call, options),
    )
}
