import { isAppError } from '../errors.ts'
import { foldRun, type Known } from './fold-run.ts'
import { notFound } from './run-reader.ts'
import type { RuntimeParts } from './runtime-parts.ts'

/** What this process knows of a run: never more than the log holds. */
export interface KnownRun {
  now(): Known | undefined
  /** Every event of the state has to be stored. */
  learn(known: Known): void
  /** Folds what the log holds beyond what is known. Rejects with `RunNotFound`, `UnknownAgent`, `ChartChanged`, `UnexpectedEvent`. */
  refresh(): Promise<Known>
  /** The same, but a run that is not there yet is no error. */
  look(): Promise<Known | undefined>
}

export const createKnownRun = (parts: RuntimeParts, runId: string): KnownRun => {
  let known: Known | undefined

  const refresh = async (): Promise<Known> => {
    for await (const next of foldRun(parts, runId, known)) known = next
    if (known === undefined) throw notFound(runId)
    return known
  }

  return {
    now: () => known,
    learn: (next) => {
      known = next
    },
    refresh,
    look: () =>
      refresh().catch((error: unknown) => {
        if (isAppError(error, 'RunNotFound')) return undefined
        throw error
      }),
  }
}
