import { AppError } from '../errors.ts'
import type { RunEvent } from '../events/envelope.ts'
import type { DatasetBuilder } from '../evals/dataset.ts'
import { casesIn, type CaseOf } from '../evals/dataset-case.ts'
import type { OpenRefold } from '../open-refold.ts'
import { eventsOfRun } from './stored-events.ts'

export interface AddedRuns {
  readonly of: CaseOf
  readonly dataset: DatasetBuilder
  /** Rejects with `Closed` once it is aborted. */
  readonly signal: AbortSignal
  readonly onRun: () => void
}

/** Adds the cases of runs, one run in memory at a time. Resolves to those that cannot be read here. */
export const addRuns = async (
  refold: Pick<OpenRefold, 'log' | 'blobs'>,
  runIds: readonly string[],
  { of, dataset, signal, onRun }: AddedRuns,
): Promise<readonly string[]> => {
  const unreadable: string[] = []
  for (const runId of runIds) {
    if (signal.aborted) throw new AppError('Closed', 'The dataset was given up, and nothing was written')
    if (dataset.isFull()) break
    const events = await readable(refold, runId)
    if (events === undefined) unreadable.push(runId)
    else for (const found of casesIn(events, of)) dataset.add(found)
    onRun()
  }
  return unreadable
}

/** Undefined where one of its events cannot be read here. */
const readable = async (refold: Pick<OpenRefold, 'log' | 'blobs'>, runId: string): Promise<readonly RunEvent[] | undefined> => {
  const events: RunEvent[] = []
  for await (const read of eventsOfRun(refold, runId)) {
    if (!read.ok) return undefined
    events.push(read.event)
  }
  return events
}
