import { AppError, isAppError, type ErrorCode } from '../../errors.ts'
import type { Difference } from '../../fold/replay.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { counted, duration } from '../../projections/amount-text.ts'
import type { CommandLine } from '../command-line.ts'
import { exitCodes } from '../exit-codes.ts'
import { progressBar } from '../screen.ts'
import { everyRun } from '../every-run.ts'
import { reading } from '../session.ts'

interface Unreadable {
  readonly runId: string
  readonly code: ErrorCode
  readonly message: string
}

interface Summary {
  runs: number
  events: number
  equal: number
  different: number
  unreadable: number
  readonly differences: Difference[]
  readonly problems: Unreadable[]
}

export const replay = (line: CommandLine, given: readonly string[], all: boolean): Promise<void> => {
  if ((given.length === 0) !== all) throw new AppError('InvalidInput', `Expected run ids or --all, found ${all ? 'both' : 'neither'}`)
  return reading(line, async (refold) => {
    const runIds = all ? (await everyRun(refold)).flatMap(({ runId, status }) => (status === 'deleted' ? [] : [runId])) : given
    const summary: Summary = { runs: 0, events: 0, equal: 0, different: 0, unreadable: 0, differences: [], problems: [] }
    const progress = progressBar(line.stderr, runIds.length)
    const startedAt = line.clock.now()
    for (const runId of runIds) {
      if (line.signal.aborted) throw new AppError('Closed', `The replay was given up after ${counted(summary.runs, 'run')}`)
      const report = await replayOne(refold, runId, { summary, isOnly: given.length === 1 })
      progress.step()
      if (report === undefined) continue
      progress.clear()
      for (const text of report.split('\n')) await line.output.line(text)
    }
    progress.clear()
    await line.output.document(summary)
    await line.output.note(summaryText(summary, line.clock.now() - startedAt))
    if (summary.different + summary.unreadable > 0) line.exitWith(exitCodes.wrong)
  })
}

/** Counts a run in, and returns what is to be said of it. */
const replayOne = async (
  refold: OpenRefold,
  runId: string,
  { summary, isOnly }: { readonly summary: Summary; readonly isOnly: boolean },
): Promise<string | undefined> => {
  const { differences, problems } = summary
  summary.runs += 1
  try {
    const verified = await refold.run(runId).verify()
    summary.events += verified.events
    summary[verified.ok ? 'equal' : 'different'] += 1
    if (verified.ok) return undefined
    differences.push(verified.difference)
    return verified.report
  } catch (error) {
    if (!isAppError(error) || (isOnly && error.code === 'RunNotFound')) throw error
    summary.unreadable += 1
    problems.push({ runId, code: error.code, message: error.message })
    return `${runId} cannot be refolded: ${error.code}: ${error.message}`
  }
}

const summaryText = ({ runs, events, equal, different, unreadable }: Summary, ms: number): string =>
  `${counted(runs, 'run')}, ${counted(events, 'event')} in ${duration(ms)}: ${equal} equal, ${different} different, ${unreadable} unreadable`
