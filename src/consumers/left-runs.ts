import type { Clock } from '../clock.ts'
import { isAppError, messageOf, type ErrorCode } from '../errors.ts'
import type { RunRow } from '../projections/run-index.ts'
import type { Notice } from '../runtime/notice.ts'

/** Runs that a process leaves to others, since it lacks their code: an old one beside newer runs meets some at every sweep. */
export interface LeftRuns {
  /** False where the error says something else. */
  note(row: RunRow, error: unknown): boolean
  /** At the end of a sweep: tells of each agent once, and then every few minutes how many runs of it there are. Returns how many in all. */
  tell(): number
}

const TOLD_EVERY_MS = 600_000
const LACKS_CODE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['UnknownAgent', 'ChartChanged', 'UnknownEvent'])

type Left = Omit<Extract<Notice, { type: 'runsLeft' }>, 'type'>

export const createLeftRuns = (clock: Clock, notify: (notice: Notice) => void): LeftRuns => {
  const toldAt = new Map<string, number>()
  let found = new Map<string, Left>()
  return {
    note({ runId, agent, agentVersion }, error) {
      if (!isAppError(error) || !LACKS_CODE.has(error.code)) return false
      const name = `${agent}@${agentVersion}`
      const kind = `${error.code} ${name}`
      const before = found.get(kind)
      const first = before ?? { agent: name, code: error.code, runId, message: messageOf(error), runs: 0 }
      found.set(kind, { ...first, runs: first.runs + 1 })
      return true
    },
    tell() {
      for (const [kind, left] of found) {
        if (clock.now() < (toldAt.get(kind) ?? Number.NEGATIVE_INFINITY) + TOLD_EVERY_MS) continue
        toldAt.set(kind, clock.now())
        notify({ type: 'runsLeft', ...left })
      }
      const all = [...found.values()].reduce((sum, { runs }) => sum + runs, 0)
      found = new Map()
      return all
    },
  }
}
