import { AppError } from '../../errors.ts'
import type { RunView } from '../../fold/run-view.ts'
import { present } from '../../present.ts'
import type { CommandLine } from '../command-line.ts'
import { givenJson } from '../given-json.ts'
import { moveRun } from '../moved-run.ts'
import type { ByWhom } from '../operator-command.ts'
import { unreadLines } from '../view-text.ts'

export interface ApproveOptions extends ByWhom {
  readonly seen?: number
  /** JSON, or `@` and the path of a file that holds it. */
  readonly input?: string
}

export const approve = (
  line: CommandLine,
  runId: string,
  call: string | undefined,
  { by = line.user, seen, input: given }: ApproveOptions,
): Promise<void> =>
  moveRun(line, runId, async (run, view) => {
    const { callId, digest } = askedFor(view, call)
    if (seen === undefined) refuseUnread(view, callId)
    const input = given === undefined ? undefined : await givenJson(given, line.cwd)
    await run.approve(callId, { by, ...present({ digest, input }), seen: seen ?? view.revision })
  })

export const deny = (
  line: CommandLine,
  runId: string,
  call: string | undefined,
  { by = line.user, reason }: ByWhom & { readonly reason: string },
): Promise<void> => moveRun(line, runId, (run, view) => run.deny(askedFor(view, call).callId, { by, reason }))

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
