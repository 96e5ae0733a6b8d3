import type { Clock } from '../clock.ts'
import { AppError, isAppError } from '../errors.ts'
import type { Eraser } from '../runtime/erase.ts'
import type { ViewStore } from '../views/view-store.ts'

/** How long runs are kept after they have ended, by how they did: `30m`, `12h`, `90d`. What is not named is kept. */
export interface Retention {
  readonly completed?: string
  readonly failed?: string
  readonly cancelled?: string
}

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const STATUSES = ['completed', 'failed', 'cancelled'] as const

/** Throws `InvalidConfiguration` for what is no time. */
export const checkedRetention = (retention: Retention = {}): Retention => {
  for (const status of STATUSES) if (retention[status] !== undefined) retentionMs(retention[status])
  return retention
}

const retentionMs = (text: string): number => {
  const [, count = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  if (unit === '')
    throw new AppError('InvalidConfiguration', `retention: expected a time as 30m, 12h or 90d, found ${JSON.stringify(text)}`)
  return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]
}

interface RetentionParts {
  readonly views: Pick<ViewStore, 'query'>
  readonly eraser: Pick<Eraser, 'erase'>
  readonly clock: Pick<Clock, 'now'>
}

/** So many are deleted at one go; each costs a pass over the log where it has payloads of its own. */
const MOST_AT_ONCE = 100

/** Deletes runs whose time is over. Those that a run has started go with it, and never before it. */
export const applyRetention = async ({ views, eraser, clock }: RetentionParts, retention: Retention): Promise<number> => {
  let deleted = 0
  for (const status of STATUSES) {
    const kept = retention[status]
    if (kept === undefined) continue
    const now = clock.now()
    const filter = { status, until: now - retentionMs(kept), limit: 1_000 }
    let cursor: string | null | undefined
    while (cursor !== null && deleted < MOST_AT_ONCE) {
      const page = await views.query('runs', { ...filter, ...(cursor === undefined ? {} : { cursor }) }, now)
      cursor = page.next
      for (const { run_id: runId, parent_run_id: parent } of page.rows) {
        if (parent !== null || deleted >= MOST_AT_ONCE) continue
        if (await isErased(eraser, String(runId), `kept for ${kept} after it had ${status}`)) deleted += 1
      }
    }
  }
  return deleted
}

/** One that has gone on meanwhile, or whose child has, has its time later. */
const isErased = async (eraser: Pick<Eraser, 'erase'>, runId: string, reason: string): Promise<boolean> => {
  try {
    await eraser.erase(runId, { by: 'refold', reason })
    return true
  } catch (error) {
    if (isAppError(error, 'NotPossible') || isAppError(error, 'RunNotFound')) return false
    throw error
  }
}
