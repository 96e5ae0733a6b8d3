import type { DatabaseSync } from 'node:sqlite'
import type { CommitGroup } from './commit-queue.ts'
import type { LogNeighbours } from './log-neighbours.ts'
import type { LogWrite } from './commit.ts'
import { valueQuery } from './database.ts'
import type { WakeUps } from '../wake-ups.ts'
import { wakeUps } from '../wake-ups.ts'
import type { Written } from './writer.ts'

/** Rings also for what other processes commit, as long as anyone listens. */
export const neighbourlyWakeUps = (db: DatabaseSync, neighbours: LogNeighbours): WakeUps => {
  const dataVersion = valueQuery(db, 'PRAGMA data_version')
  let known: unknown
  /** Where SQLite fails here it fails the subscribers too, who report it. */
  const currentVersion = (): unknown => {
    try {
      return dataVersion()
    } catch {
      return undefined
    }
  }
  const look = (): void => {
    const version = currentVersion()
    if (version === known && version !== undefined) return
    known = version
    bells.ringAll()
  }
  const bells = wakeUps((isListening) => {
    if (!isListening) {
      neighbours.ignore()
      return
    }
    known = currentVersion()
    neighbours.listen(look)
  })
  return bells
}

/** Wakes the subscribers of this process directly, with what was appended, and tells the others. */
export const announcing = (commit: CommitGroup<LogWrite>, bells: WakeUps, neighbours: LogNeighbours): CommitGroup<LogWrite> => {
  return (writes) => {
    const outcomes = commit(writes)
    if (outcomes === 'busy') return 'busy'
    outcomes.forEach((outcome, i) => {
      const { stream } = writes[i] ?? {}
      if (stream !== undefined && 'value' in outcome) bells.ring(stream, (outcome.value as Written | undefined)?.appended)
    })
    neighbours.announce()
    return outcomes
  }
}
