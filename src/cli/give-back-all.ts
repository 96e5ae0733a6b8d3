import { isOwned, type OwnedRuns } from '../runtime/commands/give-back-runs.ts'
import { isAppError, type ErrorCode } from '../errors.ts'
import type { OpenRefold } from '../open-refold.ts'
import { printable } from '../projections/printable.ts'
import type { RunRow } from '../projections/run-index.ts'
import { present } from '../present.ts'
import type { LimitOptions } from '../fold/limits.ts'
import { counted } from '../projections/amount-text.ts'
import type { CommandLine } from './command-line.ts'
import { everyRun } from './every-run.ts'
import { exitCodes } from './exit-codes.ts'
import { atWork, reading } from './session.ts'

export interface GivenBackRuns extends OwnedRuns {
  readonly by: string
  readonly note?: string
  readonly limits?: LimitOptions
  /** Only says which runs it would be. */
  readonly dryRun?: boolean
}

type GivenBack =
  | { readonly runId: string; readonly reason: string; readonly state?: string; readonly waitsFor?: string | null }
  | { readonly runId: string; readonly reason: string; readonly error: { readonly code: ErrorCode; readonly message: string } }

/** What was away for all of them is back: many runs at one time would only be away again. */
const RUNS_AT_ONCE = 8

/** Gives every run back that a person owns for this reason, and says of each where it stands then. */
export const giveBackAll = (line: CommandLine, wanted: GivenBackRuns): Promise<void> =>
  (wanted.dryRun === true ? reading : atWork)(line, async (refold) => {
    const rows = (await everyRun(refold)).filter((row) => isOwned(row, wanted))
    await line.output.note(`${counted(rows.length, 'run')} that a person owns${wanted.reason === undefined ? '' : ` for ${wanted.reason}`}`)
    const given: GivenBack[] = []
    for (let first = 0; first < rows.length && !line.signal.aborted; first += RUNS_AT_ONCE) {
      given.push(...(await Promise.all(rows.slice(first, first + RUNS_AT_ONCE).map((row) => giveBack(line, refold, row, wanted)))))
    }
    await line.output.document(given)
    if (given.some((each) => 'error' in each)) line.exitWith(exitCodes.wrong)
  })

const giveBack = async (line: CommandLine, refold: OpenRefold, row: RunRow, wanted: GivenBackRuns): Promise<GivenBack> => {
  const { runId } = row
  const reason = row.reason ?? ''
  const say = (words: string): Promise<void> => line.output.line(`${runId}  ${words}`)
  if (wanted.dryRun === true) {
    await say(printable(reason))
    return { runId, reason }
  }
  const { by, note, limits } = wanted
  const run = refold.run(runId)
  try {
    await run.giveBack({ by, ...present({ note, limits }) })
    const { state, waitsFor } = await run.untilSettled({ signal: line.signal })
    await say(`${state}${waitsFor === null ? '' : `  waits for ${waitsFor}`}`)
    return { runId, reason, state, waitsFor }
  } catch (error) {
    if (!isAppError(error)) throw error
    await say(`${error.code}: ${printable(error.message)}`)
    return { runId, reason, error: { code: error.code, message: error.message } }
  }
}
