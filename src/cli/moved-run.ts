import type { OpenRefold } from '../open-refold.ts'
import type { Run } from '../runtime/run-handle.ts'
import type { RunView } from '../fold/run-view.ts'
import { count, money } from '../projections/amount-text.ts'
import type { CommandLine } from './command-line.ts'
import { unreadLines } from './view-text.ts'
import { exitCodes } from './exit-codes.ts'
import { followRun } from './follow-run.ts'
import { valueLine } from '../projections/printable.ts'
import { atWork } from './session.ts'

/** A command of an operator: grants or refuses it, shows what follows, and says where the run stands then. `ends`: as what it is asked to end. */
export const moveRun = (
  line: CommandLine,
  runId: string,
  command: (run: Run, view: RunView) => Promise<void>,
  ends?: RunView['status'],
): Promise<void> =>
  atWork(line, async (refold) => {
    const run = refold.run(runId)
    const view = await awake(refold, runId)
    const follower = followRun(line, run, view.revision)
    try {
      await reportRun(line, await follower.until(() => command(run, view)), ends)
    } finally {
      follower.close()
    }
  })

/** What a process that is gone has left of this run is taken over first: waiting for its lease would look like a standstill. */
const awake = async (refold: OpenRefold, runId: string): Promise<RunView> => {
  const view = await refold.run(runId).state()
  if (view.status === 'active' && view.unfolded === null) await refold.runtime.wake(runId)
  return view
}

/** The state as the one document, and for people a last line with what it waits for. */
export const reportRun = async (line: CommandLine, view: RunView, ends?: RunView['status']): Promise<void> => {
  await line.output.document(view)
  const { turn, spent } = view
  await line.output.note(`${view.runId} · ${view.state} · turn ${turn} · ${count(spent.tokens)} tokens · ${money(spent.costMicroUsd)}`)
  const steps = view.unfolded === null ? nextSteps(view) : [`  ${view.problem ?? ''}`]
  for (const text of steps) await line.output.note(text)
  if ((view.status === 'failed' || view.status === 'cancelled') && view.status !== ends) line.exitWith(exitCodes.wrong)
}

/** The commands by which it goes on. */
const nextSteps = (view: RunView): string[] => [
  ...(view.takenOver === null ? [] : [`  ${view.takenOver.by} has taken it over: refold give-back ${view.runId} lets its agent go on`]),
  ...waitingSteps(view),
]

const waitingSteps = ({ runId, revision, waitsFor, waitsIn, approvals, openEffects, reason, output, status }: RunView): string[] => {
  if (waitsIn !== null) return [`  waits for ${waitsFor ?? 'somebody'} in ${waitsIn}: refold show ${waitsIn}`]
  switch (waitsFor) {
    case 'message':
      return [`  goes on with: refold send ${runId} -m TEXT`]
    case 'approval':
      return approvals.flatMap(({ callId, subject, unread }) => [
        `  asks for approval of ${valueLine(subject)}: refold approve ${runId} ${callId} --seen ${revision}`,
        ...unreadLines(unread).map((text) => `  ${text}`),
      ])
    case 'resume':
      return [`  goes on with: refold resume ${runId}`]
    case 'human': {
      const unresolved = openEffects.filter(({ intent }) => intent === 'lookUp').map(({ key }) => key)
      if (unresolved.length > 0)
        return unresolved.map((callId) => `  has to be settled: refold settle ${runId} ${callId} --succeeded JSON | --failed TEXT`)
      return [
        `  a person owns it${reason === null ? '' : `: ${reason}`}`,
        `  goes on with: refold answer ${runId} -m TEXT, or refold give-back ${runId}`,
      ]
    }
    case null:
      if (status === 'completed') return output === null ? [] : [`  result: ${valueLine(output)}`]
      return reason === null ? [] : [`  ${reason}`]
  }
}
