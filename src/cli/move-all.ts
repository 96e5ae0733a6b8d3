import { isAppError, type ErrorCode } from '../errors.ts'
import type { OpenRefold } from '../open-refold.ts'
import { printable } from '../projections/printable.ts'
import type { RunRow } from '../projections/run-index.ts'
import { present } from '../present.ts'
import { versionOf, type MoveCheck } from '../runtime/commands/move-check.ts'
import { describeMoveDifference } from '../runtime/commands/move-differences.ts'
import { counted } from '../projections/amount-text.ts'
import type { CommandLine } from './command-line.ts'
import { everyRun } from './every-run.ts'
import { exitCodes } from './exit-codes.ts'
import { atWork, reading } from './session.ts'

export interface MovedRuns {
  readonly by: string
  readonly to: string
  readonly agent: string
  /** Only those that are on this version. */
  readonly from?: string
  readonly note?: string
  /** Only says which could move. */
  readonly dryRun: boolean
}

interface Moved {
  readonly runId: string
  readonly ok: boolean
  readonly differences?: MoveCheck['differences']
  readonly error?: { readonly code: ErrorCode; readonly message: string }
}

const RUNS_AT_ONCE = 8

/** Whether one run could move, as the one document, and what keeps it from that. */
export const showMoveCheck = (line: CommandLine, runId: string, to: string): Promise<void> =>
  reading(line, async (refold) => {
    const check = await refold.run(runId).checkMove(to)
    await line.output.document(check)
    for (const difference of check.differences) await line.output.line(printable(describeMoveDifference(difference)))
    await line.output.note(printable(verdict(check)))
    if (!check.ok) line.exitWith(exitCodes.wrong)
  })

const verdict = ({ runId, from, to, ok, isThere, keeps }: MoveCheck): string => {
  if (ok && isThere) return `${runId} is on ${to} already`
  const kept = keeps.length === 0 ? '' : `; it keeps its ${keeps.join(', ')}`
  return ok ? `${runId} can move from ${from} to ${to}${kept}` : `${runId} cannot move from ${from} to ${to}`
}

/** Moves every open run of an agent that is on another version, and says of each what has become of it. */
export const moveAll = (line: CommandLine, wanted: MovedRuns): Promise<void> =>
  (wanted.dryRun ? reading : atWork)(line, async (refold) => {
    versionOf(refold.agents, { name: wanted.agent, version: wanted.to })
    const rows = (await everyRun(refold)).filter((row) => isMeant(row, wanted))
    await line.output.note(
      `${counted(rows.length, 'open run')} of ${wanted.agent} on ${wanted.from ?? 'other versions'}, to move to ${wanted.to}`,
    )
    const moved: Moved[] = []
    for (let first = 0; first < rows.length && !line.signal.aborted; first += RUNS_AT_ONCE) {
      moved.push(...(await Promise.all(rows.slice(first, first + RUNS_AT_ONCE).map(({ runId }) => moveOne(line, refold, runId, wanted)))))
      const able = moved.filter(({ ok }) => ok).length
      await line.output.note(
        `${moved.length} of ${rows.length} done: ${able} ${wanted.dryRun ? 'can move' : 'moved'}, ${moved.length - able} ${wanted.dryRun ? 'cannot' : 'could not'}`,
      )
    }
    await line.output.document(moved)
    if (moved.some(({ ok }) => !ok)) line.exitWith(exitCodes.wrong)
  })

const isMeant = ({ status, agent, agentVersion }: RunRow, { agent: name, from, to }: MovedRuns): boolean =>
  status === 'active' && agent === name && (from === undefined ? agentVersion !== to : agentVersion === from)

const moveOne = async (line: CommandLine, refold: OpenRefold, runId: string, wanted: MovedRuns): Promise<Moved> => {
  const { by, to, note, dryRun } = wanted
  const say = (words: string): Promise<void> => line.output.line(printable(`${runId}  ${words}`))
  const run = refold.run(runId)
  try {
    if (dryRun) {
      const { ok, differences } = await run.checkMove(to)
      const [first] = differences
      await say(first === undefined ? 'can move' : describeMoveDifference(first))
      return { runId, ok, differences }
    }
    await run.move({ by, to, ...present({ note }) })
    await say('moved')
    return { runId, ok: true }
  } catch (error) {
    if (!isAppError(error)) throw error
    await say(`${error.code}: ${error.message}`)
    return { runId, ok: false, error: { code: error.code, message: error.message } }
  }
}
