import type { Clock } from '../clock.ts'
import type { RunRow } from '../projections/run-index.ts'

/** What it owes is done by others, who say so themselves. */
export const waitsForChildren = ({ owed, children = {} }: RunRow): boolean => {
  const keys = Object.keys(owed)
  return keys.length > 0 && keys.every((key) => Object.hasOwn(children, key))
}

/**
 * Runs that wait for others are due at every sweep, since the word of a child may be lost with its process. They are looked at at once where
 * something is new, and more and more seldom where nothing is.
 */
export interface ParentLooks {
  /** Those whose time it is. What is known of all others than the given ones is forgotten. */
  due(parents: readonly RunRow[]): readonly RunRow[]
  /** It was looked at, as it stands in this row. */
  looked(parent: RunRow): void
  forget(): void
}

interface Look {
  readonly revision: number
  readonly pauseMs: number
  readonly nextAt: number
}

const SELDOM_MS = 60_000

export const createParentLooks = (clock: Clock, intervalMs: number): ParentLooks => {
  let looks = new Map<string, Look>()
  const lookAt = ({ runId, revision }: RunRow): Look | undefined => {
    const look = looks.get(runId)
    return look?.revision === revision ? look : undefined
  }
  return {
    due(parents) {
      const known = parents.flatMap((row) => {
        const look = lookAt(row)
        return look === undefined ? [] : [[row.runId, look] as const]
      })
      looks = new Map(known)
      const now = clock.now()
      return parents.filter((row) => (lookAt(row)?.nextAt ?? 0) <= now || Object.values(row.timers).some((dueAt) => dueAt <= now))
    },
    looked(row) {
      const pauseMs = Math.min(SELDOM_MS, 2 * (lookAt(row)?.pauseMs ?? intervalMs / 2))
      looks.set(row.runId, { revision: row.revision, pauseMs, nextAt: clock.now() + pauseMs })
    },
    forget() {
      looks = new Map()
    },
  }
}
