import { AppError } from '../../errors.ts'
import { present } from '../../present.ts'
import type { Deletion } from '../../runtime/erase.ts'
import { counted } from '../../projections/amount-text.ts'
import type { CommandLine } from '../command-line.ts'
import { exitCodes } from '../exit-codes.ts'
import { type ByWhom } from '../operator-command.ts'
import { atWork, reading } from '../session.ts'

export interface DeleteCommandOptions extends ByWhom {
  readonly reason?: string
  readonly cancel?: true
  readonly yes?: true
  readonly dryRun?: true
  readonly force?: true
}

export const deleteRun = (
  line: CommandLine,
  runId: string,
  { reason, cancel, force, yes, dryRun, ...options }: DeleteCommandOptions,
): Promise<void> => {
  if (dryRun === true) return reading(line, async ({ eraser }) => preview(line, await eraser.preview(runId, { cancel }), force === true))
  return atWork(line, async (refold) => {
    const by = options.by ?? line.user
    if (yes !== true)
      throw new AppError(
        'InvalidInput',
        `Expected --yes, since this cannot be taken back, or --dry-run. What would go: refold delete ${runId} --dry-run`,
      )
    const deletion = await refold.delete(runId, { by, ...present({ reason, cancel, force }) })
    await tell(
      line,
      deletion,
      deletion.isDone ? 'are gone' : 'go with a later sweep, since payloads of them were put in the last two minutes',
    )
    await refold.projector.catchUp()
  })
}

/** Says what would go, or ends as the deletion would. */
const preview = async (line: CommandLine, deletion: Deletion, isForced: boolean): Promise<void> => {
  if (isForced || deletion.unsettled.length === 0) return tell(line, deletion, 'would go')
  await tell(line, deletion, 'would go with --force alone')
  line.exitWith(exitCodes.notPossible)
}

const tell = async (line: CommandLine, deletion: Deletion, what: string): Promise<void> => {
  const { runId: top, runs, events, blobs, unsettled, before } = deletion
  await line.output.document(deletion)
  if (before !== null) {
    const why = before.reason === undefined ? '' : `: ${before.reason}`
    await line.output.note(`${top} was deleted before, by ${before.by} at ${new Date(before.at).toISOString()}${why}`)
  }
  for (const { runId, callId } of unsettled) await line.output.note(`nobody knows what became of ${runId} ${callId}, or it is under way`)
  await line.output.note(`${counted(runs.length, 'run')}, ${counted(events, 'event')} and ${counted(blobs, 'payload')} ${what}`)
}
