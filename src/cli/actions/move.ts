import { AppError } from '../../errors.ts'
import { present } from '../../present.ts'
import type { CommandLine } from '../command-line.ts'
import { moveAll, showMoveCheck } from '../move-all.ts'
import { moveRun } from '../moved-run.ts'
import type { ByWhom } from '../operator-command.ts'

export interface MoveOptions extends ByWhom {
  readonly to: string
  readonly note?: string
  readonly dryRun?: boolean
  readonly all?: boolean
  readonly agent?: string
  readonly from?: string
}

export const move = async (
  line: CommandLine,
  runId: string | undefined,
  { by = line.user, all = false, agent, from, to, note, dryRun = false }: MoveOptions,
): Promise<void> => {
  const options = { by, to, ...present({ note }) }
  if (all === (runId !== undefined))
    throw new AppError('InvalidInput', `Expected either a run id or --all, found ${all ? 'both' : 'neither'}`)
  if (runId === undefined) {
    if (agent === undefined) throw new AppError('InvalidInput', 'Expected --agent with --all, found none')
    return moveAll(line, { ...options, agent, dryRun, ...present({ from }) })
  }
  if (agent !== undefined || from !== undefined)
    throw new AppError('InvalidInput', 'Expected --all with the options that choose runs, found a run id')
  return dryRun ? showMoveCheck(line, runId, to) : moveRun(line, runId, (run) => run.move(options))
}
