import { AppError } from '../errors.ts'
import type { Checkpoint, LogBatch, ViewChanges } from './view-store.ts'
import { recordTables } from './view-tables.ts'

/**
 * The checkpoint that a view store has after this batch, or undefined where it must not be written.
 * It never goes back: what another process has written up to there stays, since its rows have higher revisions.
 * Throws `InvalidInput` where the view store is of another log.
 */
export const checkpointAfter = (stored: Checkpoint | undefined, { since, checkpoint }: LogBatch): Checkpoint | undefined => {
  if (stored !== undefined && stored.log !== checkpoint.log) throw otherLog(stored, checkpoint)
  if (since !== undefined && (stored === undefined || stored.position < since.position)) return undefined
  return { log: checkpoint.log, position: Math.max(stored?.position ?? 0, checkpoint.position) }
}

const otherLog = (stored: Checkpoint, given: Checkpoint): AppError =>
  new AppError(
    'InvalidInput',
    `this view store holds the runs of the log ${stored.log}, not of the log ${given.log}: give each log a view store of its own`,
    { details: { expected: stored.log, actual: given.log } },
  )

export const viewsClosed = (): AppError => new AppError('Closed', 'the view store is closed')

export const rebuildTakenOver = (): AppError =>
  new AppError('NotPossible', 'Expected this rebuild to be the only one, found that another has begun since: its result counts')

/** Of deleted runs no record is kept, not even one that another process brings late: these are the runs to look at. */
export const touchedRuns = ({ rows, records }: ViewChanges): readonly string[] => {
  const deleted = rows.filter(({ status }) => status === 'deleted').map(({ runId }) => runId)
  const names = Object.keys(recordTables) as (keyof typeof recordTables)[]
  return [...new Set([...deleted, ...names.flatMap((name) => records[name].map(({ runId }) => runId))])]
}
