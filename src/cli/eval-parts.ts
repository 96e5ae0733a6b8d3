import { isAppError } from '../errors.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import type { EvalParts } from '../evals/runner/run-case.ts'
import type { OpenRefold } from '../open-refold.ts'
import { readRun } from '../runtime/reading/run-reader.ts'
import type { CommandLine } from './command-line.ts'

/** What an eval works with, in this process. */
export const evalParts = (refold: OpenRefold, { clock, signal }: Pick<CommandLine, 'clock' | 'signal'>): EvalParts => ({
  refold,
  clock,
  signal,
  read: (runId) => eventsIn(refold, runId),
})

/** Undefined where there is no such run. */
export const eventsIn = async (
  refold: Pick<OpenRefold, 'log' | 'blobs'>,
  runId: string,
): Promise<readonly RecordedRunEvent[] | undefined> => {
  const events: RecordedRunEvent[] = []
  try {
    for await (const { event } of readRun(refold, runId)) events.push(event)
  } catch (error) {
    if (isAppError(error, 'RunNotFound') || isAppError(error, 'RunDeleted')) return undefined
    throw error
  }
  return events
}
