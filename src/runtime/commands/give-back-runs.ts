import { AppError, isAppError, type ErrorCode } from '../../errors.ts'
import type { Command } from '../../fold/decide.ts'
import { present } from '../../present.ts'
import type { RunRow } from '../../projections/run-index.ts'
import { limitChanges, type LimitOptions } from '../../fold/limits.ts'
import { type CommandOrigin, checkGivingBack, readOptions } from '../checked-input.ts'

/** Which runs that a person owns are meant. */
export interface OwnedRuns {
  /** A part of the reason for which a person owns the run, in any case, such as `network`. */
  readonly reason?: string | undefined
  /** Name of an agent. */
  readonly agent?: string | undefined
}

export interface GiveBackRuns extends OwnedRuns {
  /** Who asks for it. */
  readonly by: string
  /** What the agents are told. */
  readonly note?: string | undefined
  readonly limits?: LimitOptions | undefined
  readonly tenant?: string | undefined
  /** Only says which runs it would be. */
  readonly dryRun?: boolean | undefined
  /** So many runs at one go; 100 by default, 1,000 at most. */
  readonly limit?: number | undefined
  /** `next` of the part before. */
  readonly cursor?: string | undefined
}

export interface GivenBackRun {
  readonly runId: string
  readonly reason: string
  /** Why this one was not given back. */
  readonly error?: { readonly code: ErrorCode; readonly message: string } | undefined
}

export interface GivenBackRuns {
  /** The one that was touched last first. */
  readonly runs: readonly GivenBackRun[]
  /** `cursor` of the next part; null where every run has been looked at. */
  readonly next: string | null
}

interface ActiveRuns {
  readonly status: 'active'
  readonly agent?: string
  readonly tenant?: string
  /** Only rows below this position. */
  readonly before?: number
  readonly limit: number
}

export interface GiveBackParts {
  readonly views: { list(page: ActiveRuns): Promise<readonly RunRow[]> }
  readonly command: (runId: string, command: Command, origin?: CommandOrigin) => Promise<unknown>
}

/** What was away for all of them is back: many runs at one time would only be away again. */
const RUNS_AT_ONCE = 8
const LIMIT = 100
const MOST = 1_000
const PAGE = 500
/** Rows that one part looks at: who looks for few among many goes on with `next`. */
const MOST_LOOKED_AT = 10_000

/** An unresolved call is settled, not given back, and what somebody has taken over they have by their own decision. */
export const isOwned = ({ status, asked, takenOver, reason, agent }: RunRow, wanted: OwnedRuns): boolean =>
  status === 'active' &&
  takenOver === undefined &&
  '' in asked &&
  (wanted.agent === undefined || agent === wanted.agent) &&
  (reason ?? '').toLowerCase().includes((wanted.reason ?? '').toLowerCase())

/**
 * Gives runs back that a person owns, a bounded part of them at a time, and says of each what came of it. Only runs that the views know.
 * Rejects with `InvalidInput`, and with what the views say.
 */
export const giveBackRuns = async (parts: GiveBackParts, given: GiveBackRuns, origin: CommandOrigin = {}): Promise<GivenBackRuns> => {
  const wanted = readOptions(given, 'who gives runs back as { by }')
  checkGivingBack(wanted)
  const { limit = LIMIT } = wanted
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new AppError('InvalidInput', `Expected a limit of 1 to ${MOST} runs, found ${limit}`)
  const { rows, next } = await ownedRuns(parts, wanted, limit)
  const runs: GivenBackRun[] = []
  for (let first = 0; first < rows.length; first += RUNS_AT_ONCE)
    runs.push(...(await Promise.all(rows.slice(first, first + RUNS_AT_ONCE).map((row) => giveBack(parts, row, wanted, origin)))))
  return { runs, next }
}

const ownedRuns = async (
  { views }: GiveBackParts,
  { agent, tenant, cursor, ...wanted }: GiveBackRuns,
  limit: number,
): Promise<{ readonly rows: readonly RunRow[]; readonly next: string | null }> => {
  const rows: RunRow[] = []
  let before = cursor === undefined ? undefined : Number(cursor)
  for (let lookedAt = 0; lookedAt < MOST_LOOKED_AT; lookedAt += PAGE) {
    const page = await views.list(present({ status: 'active' as const, agent, tenant, before, limit: PAGE }))
    for (const row of page) {
      if (rows.length >= limit) return { rows, next: String(before) }
      before = row.position
      if (isOwned(row, present({ agent, reason: wanted.reason }))) rows.push(row)
    }
    if (page.length < PAGE) return { rows, next: null }
  }
  return { rows, next: before === undefined ? null : String(before) }
}

const giveBack = async (parts: GiveBackParts, row: RunRow, wanted: GiveBackRuns, origin: CommandOrigin): Promise<GivenBackRun> => {
  const { by, note, limits, dryRun = false } = wanted
  const given = { runId: row.runId, reason: row.reason ?? '' }
  if (dryRun) return given
  const changes = limits === undefined ? undefined : limitChanges(limits)
  try {
    await parts.command(row.runId, { type: 'giveBack', by, ...present({ note, limits: changes }) }, origin)
    return given
  } catch (error) {
    if (!isAppError(error)) throw error
    return { ...given, error: { code: error.code, message: error.message } }
  }
}
