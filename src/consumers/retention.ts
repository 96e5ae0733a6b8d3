import type { Clock } from '../clock.ts'
import { AppError, isAppError } from '../errors.ts'
import { refuseUnknownOptions, type OptionNames } from '../known-options.ts'
import type { Eraser } from '../runtime/erase.ts'
import { present } from '../present.ts'
import type { Notice } from '../runtime/notices.ts'
import type { ViewRow } from '../views/view-queries.ts'
import type { ViewStore } from '../views/view-store.ts'

/** How long runs are kept after they have ended, by how they did: `30m`, `12h`, `90d`, or `always`. What is not named is kept. */
export interface RetentionTimes {
  readonly completed?: string | undefined
  readonly failed?: string | undefined
  readonly cancelled?: string | undefined
}

export interface Retention extends RetentionTimes {
  /** By the name of an agent: what is named there holds for its runs instead. */
  readonly agents?: Readonly<Record<string, RetentionTimes>> | undefined
}

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const STATUSES = ['completed', 'failed', 'cancelled'] as const
const STATUS_NAMES: OptionNames<RetentionTimes> = { completed: true, failed: true, cancelled: true }
const ALWAYS = 'always'

/** Throws `InvalidConfiguration` for what is no time. */
export const checkedRetention = (retention: Retention = {}): Retention => {
  const { agents = {}, ...general } = retention
  refuseUnknownOptions('retention', general, STATUS_NAMES)
  for (const [agent, times] of Object.entries(agents)) refuseUnknownOptions(`retention of ${agent}`, times, STATUS_NAMES)
  for (const times of [general, ...Object.values(agents)])
    for (const status of STATUSES) if (times[status] !== undefined) retentionMs(times[status])
  return retention
}

/** Undefined where it is kept. */
const retentionMs = (text: string): number | undefined => {
  if (text === ALWAYS) return undefined
  const [, count = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  if (unit === '')
    throw new AppError('InvalidConfiguration', `retention: expected a time as 30m, 12h or 90d, or always, found ${JSON.stringify(text)}`)
  return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]
}

interface RetentionParts {
  readonly views: Pick<ViewStore, 'query'>
  readonly eraser: Pick<Eraser, 'erase'>
  readonly clock: Pick<Clock, 'now'>
  readonly notify: (notice: Notice) => void
}

/** So many are deleted at one go; each costs a pass over the log where it has payloads of its own. */
const MOST_AT_ONCE = 100
/** Runs that were left alone and are remembered, so that each is told of once. */
const MOST_TOLD = 10_000

/** One part of what a retention says. */
interface Rule {
  readonly status: (typeof STATUSES)[number]
  readonly kept: string
  readonly keptMs: number
  /** Undefined: all agents but those that have a rule of their own. */
  readonly agent: string | undefined
}

/**
 * Deletes runs whose time is over; returns how many. Those that a run has started go with it, and never before it. A run of which nobody knows what
 * became of a call is left alone, and told of once.
 */
export const createRetention = (parts: RetentionParts, retention: Retention): (() => Promise<number>) => {
  const rules = rulesOf(retention)
  const told = new Set<string>()

  const tell = (runId: string, reason: string): void => {
    if (told.has(runId)) return
    if (told.size >= MOST_TOLD) told.clear()
    told.add(runId)
    parts.notify({ type: 'runKept', runId, message: reason })
  }

  /** One that has gone on meanwhile, or whose child has, has its time later. */
  const isErased = async (runId: string, reason: string): Promise<boolean> => {
    try {
      await parts.eraser.erase(runId, { by: 'refold', reason })
      return true
    } catch (error) {
      if (!isAppError(error, 'NotPossible') && !isAppError(error, 'RunNotFound')) throw error
      if (error.details?.['unsettled'] !== undefined) tell(runId, error.message)
      return false
    }
  }

  /** Those that a run has started go with it. */
  const isMeant = ({ status, agent }: Rule, row: ViewRow): boolean =>
    row['parent_run_id'] === null && (agent !== undefined || retention.agents?.[String(row['agent'])]?.[status] === undefined)

  const apply = async (rule: Rule, most: number): Promise<number> => {
    const { status, kept, keptMs, agent } = rule
    let deleted = 0
    const now = parts.clock.now()
    const filter = { status, until: now - keptMs, limit: 1_000, ...present({ agent }) }
    let cursor: string | null | undefined
    while (cursor !== null && deleted < most) {
      const page = await parts.views.query('runs', { ...filter, ...present({ cursor }) }, now)
      cursor = page.next
      for (const row of page.rows.filter((each) => isMeant(rule, each))) {
        if (deleted < most && (await isErased(String(row['run_id']), `kept for ${kept} after it had ${status}`))) deleted += 1
      }
    }
    return deleted
  }

  return async () => {
    let deleted = 0
    for (const rule of rules) deleted += await apply(rule, MOST_AT_ONCE - deleted)
    return deleted
  }
}

const rulesOf = ({ agents = {}, ...general }: Retention): readonly Rule[] => [
  ...Object.entries(agents).flatMap(([agent, times]) => rulesIn(times, agent)),
  ...rulesIn(general, undefined),
]

const rulesIn = (times: RetentionTimes, agent: string | undefined): readonly Rule[] =>
  STATUSES.flatMap((status) => {
    const kept = times[status]
    const keptMs = kept === undefined ? undefined : retentionMs(kept)
    return kept === undefined || keptMs === undefined ? [] : [{ status, kept, keptMs, agent }]
  })
