import { AppError } from '../../errors.ts'
import { present } from '../../present.ts'
import type { RunView } from '../../runtime/run-view.ts'
import type { AddCommand } from '../command-line.ts'
import { moveRun } from '../moved-run.ts'
import { operatorCommand, type ByWhom } from '../operator-command.ts'

const CALL = 'call id; not needed where only one approval is asked'

export const addApproveCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'approve', 'grant what a run asks approval for, exactly as it asks')
    .argument('[call]', CALL)
    .addHelpText('after', '\nExample:\n  refold approve 0190a7… 4.0')
    .action((runId: string, call: string | undefined, options: ByWhom) => {
      const line = commandLine()
      return moveRun(line, runId, (run, view) => {
        const { callId, digest } = askedFor(view, call)
        return run.approve(callId, present({ by: options.by ?? line.user, digest }))
      })
    })
}

export const addDenyCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'deny', 'deny what a run asks approval for; the agent learns why')
    .argument('[call]', CALL)
    .requiredOption('--reason <text>', 'why, in words for the agent')
    .addHelpText('after', '\nExample:\n  refold deny 0190a7… --reason "more than 100 $ needs a ticket"')
    .action((runId: string, call: string | undefined, options: ByWhom & { readonly reason: string }) => {
      const line = commandLine()
      return moveRun(line, runId, (run, view) =>
        run.deny(askedFor(view, call).callId, { by: options.by ?? line.user, reason: options.reason }),
      )
    })
}

/** What the run itself says of a call that asks for nothing is the best answer, so a given id is passed on. */
const askedFor = ({ runId, approvals }: RunView, call: string | undefined): { readonly callId: string; readonly digest?: string } => {
  if (call !== undefined) return approvals.find(({ callId }) => callId === call) ?? { callId: call }
  const [only, ...others] = approvals
  if (only === undefined) throw new AppError('NotPossible', `${runId} asks for no approval`, { details: { runId } })
  if (others.length === 0) return only
  const callIds = approvals.map(({ callId }) => callId)
  throw new AppError('InvalidInput', `Expected the id of a call, since ${runId} asks for several approvals: ${callIds.join(', ')}`, {
    details: { runId, callIds },
  })
}
