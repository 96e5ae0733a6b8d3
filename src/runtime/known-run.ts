import { isAppError } from '../errors.ts'
import { foldRun, type Known } from './fold-run.ts'
import { notFound } from './run-reader.ts'
import type { RuntimeParts } from './runtime-parts.ts'

/** What this process knows of a run: never more than the log holds, and never less than it knew before. */
export interface KnownRun {
  now(): Known | undefined
  /** Every event of the state has to be stored. Returns the newest that is known. */
  learn(known: Known): Known
  /** Folds what the log holds beyond what is known. Rejects with `RunNotFound`, `UnknownAgent`, `ChartChanged`, `UnexpectedEvent`. */
  refresh(): Promise<Known>
  /** The same, but a run that is not there yet is no error. */
  look(): Promise<Known | undefined>
}

export const createKnownRun = (parts: RuntimeParts, runId: string): KnownRun => {
  let known: Known | undefined
  let reading: Promise<unknown> = Promise.resolve()

  const learn = (next: Known): Known => {
    if (known === undefined || next.state.revision > known.state.revision) known = next
    return known
  }

  const readOn = async (): Promise<Known> => {
    let newest = known
    // A part of what the log holds is the past: it is learned only once the log has given all.
    for await (const next of foldRun(parts, runId, known)) newest = next
    if (newest === undefined) throw notFound(runId)
    return learn(newest)
  }

  /** One after the other, so that each goes on from the one before. */
  const refresh = (): Promise<Known> => {
    const read = reading.then(readOn, readOn)
    reading = read.catch(() => undefined)
    return read
  }

  return {
    now: () => known,
    learn,
    refresh,
    look: () =>
      refresh().catch((error: unknown) => {
        if (isAppError(error, 'RunNotFound')) return undefined
        throw error
      }),
  }
}
