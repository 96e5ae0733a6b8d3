import { z } from 'zod'
import { AppError } from '../../errors.ts'
import type { LimitOptions } from '../../fold/limits.ts'
import type { Json } from '../../json.ts'
import { present } from '../../present.ts'
import type { CommandLine } from '../command-line.ts'
import { giveBackAll } from '../give-back-all.ts'
import { moveRun } from '../moved-run.ts'
import type { ByWhom } from '../operator-command.ts'

export interface GiveBackOptions extends ByWhom {
  readonly all?: boolean
  readonly reason?: string
  readonly agent?: string
  readonly dryRun?: boolean
  readonly note?: string
  /** JSON */
  readonly limits?: Json
}

export interface TakeOverOptions extends ByWhom {
  readonly note?: string
  readonly from?: string
}

export const takeOver = (line: CommandLine, runId: string, { by = line.user, note, from }: TakeOverOptions): Promise<void> =>
  moveRun(line, runId, (run) => run.takeOver(present({ by, note, from })))

export const answer = (
  line: CommandLine,
  runId: string,
  { by = line.user, message }: ByWhom & { readonly message: string },
): Promise<void> => moveRun(line, runId, (run) => run.answer({ by, text: message }))

export const giveBack = async (
  line: CommandLine,
  runId: string | undefined,
  { by = line.user, all = false, dryRun, reason, agent, limits, note }: GiveBackOptions,
): Promise<void> => {
  const chosen = present({ dryRun, reason, agent })
  const options = { by, ...present({ note, limits: limits === undefined ? undefined : checkedLimits(limits) }) }
  if (all === (runId !== undefined))
    throw new AppError('InvalidInput', `Expected either a run id or --all, found ${all ? 'both' : 'neither'}`)
  if (runId === undefined) return giveBackAll(line, { ...chosen, ...options })
  const [unused] = Object.keys(chosen)
  if (unused !== undefined) throw new AppError('InvalidInput', 'Expected --all with the options that choose runs, found a run id')
  return moveRun(line, runId, (run) => run.giveBack(options))
}

const whole = z.int().positive().nullable().exactOptional()

const limitOptions = z.strictObject({
  iterationsPerTurn: whole,
  toolCallsPerTurn: whole,
  tokens: whole,
  costUsd: z.number().nonnegative().nullable().exactOptional(),
  wallTimeMs: whole,
  repeatedCalls: whole,
  cycles: whole,
  childDepth: whole,
  openChildRuns: whole,
  childRuns: whole,
}) satisfies z.ZodType<LimitOptions>

const checkedLimits = (given: Json): LimitOptions => {
  const checked = limitOptions.safeParse(given)
  if (checked.success) return checked.data
  throw new AppError(
    'InvalidInput',
    `Expected --limits such as {"costUsd":2,"tokens":null}:
${z.prettifyError(checked.error)}`,
  )
}
