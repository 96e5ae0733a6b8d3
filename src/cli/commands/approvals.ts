import { AppError } from '../../errors.ts'
import { present } from '../../present.ts'
import type { RunView } from '../../fold/run-view.ts'
import { unreadLines } from '../view-text.ts'
import type { AddCommand } from '../command-line.ts'
import { moveRun } from '../moved-run.ts'
import { wholeNumber } from '../option-values.ts'
import { operatorCommand, type ByWhom } from '../operator-command.ts'

const CALL = 'call id; not needed where only one approval is asked'

export const addApproveCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'approve', 'grant what a run asks approval for, exactly as it asks')
    .argument('[call]', CALL)
    .addHelpText('after', '\nExample:\n  refold approve 0190a7… 4.0')
    .option('--seen <revision>', 'the revision that was looked at: refused if a message has come in since', wholeNumber)
    .action((runId: string, call: string | undefined, options: ByWhom & { readonly seen?: number }) => {
      const line = commandLine()
      return moveRun(line, runId, (run, view) => {
        const { callId, digest } = askedFor(view, call)
        if (options.seen === undefined) refuseUnread(view, callId)
        return run.approve(callId, { by: options.by ?? line.user, ...present({ digest }), seen: options.seen ?? view.revision })
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

/** A customer may have said "stop" since it was asked: whoever grants it says that they have read that. */
const refuseUnread = ({ runId, revision, approvals }: RunView, callId: string): void => {
  const unread = approvals.find((asked) => asked.callId === callId)?.unread ?? []
  if (unread.length === 0) return
  const lines = [`${runId} has messages that nobody has read to the agent:`, ...unreadLines(unread)]
  throw new AppError('NotPossible', `${lines.join('\n')}\nTo grant it all the same: refold approve ${runId} ${callId} --seen ${revision}`, {
    details: { runId, callId, revision },
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
