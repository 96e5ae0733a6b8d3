import { AppError } from '../../errors.ts'
import { present } from '../../present.ts'
import type { CommandLine } from '../command-line.ts'
import type { ByWhom } from '../operator-command.ts'
import { atWork } from '../session.ts'

export interface ScoreOptions extends ByWhom {
  readonly passed?: true
  readonly failed?: true
  readonly note?: string
  readonly at?: number
}

/** Records the score, and leaves the run alone. */
export const score = async (
  line: CommandLine,
  runId: string,
  given: { readonly name: string; readonly value: number },
  { by = line.user, note, at: revision, passed, failed }: ScoreOptions,
): Promise<void> => {
  if (passed === true && failed === true) throw new AppError('InvalidInput', 'Expected --passed or --failed, found both')
  const verdict = passed ?? (failed === true ? false : undefined)
  await atWork(line, async (refold) => {
    const run = refold.run(runId)
    await run.score({ ...given, by, ...present({ passed: verdict, note, revision }) })
    const { scores } = await run.state()
    await line.output.document({ runId, scores })
    await line.output.note(`${runId} · ${given.name} ${given.value} by ${by}`)
  })
}
