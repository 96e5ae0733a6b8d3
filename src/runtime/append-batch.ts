import { type AppError, isAppError, isUnavailable } from '../errors.ts'
import { streamOf } from '../events/codec.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Batch } from './batch.ts'
import { retryPause } from './retry-pause.ts'
import type { RuntimeParts } from './runtime-parts.ts'

export interface Append {
  readonly runId: string
  readonly batch: Batch
  readonly before: RunState | undefined
  /** Resolves once the blob store holds these texts. */
  readonly store: (texts: readonly string[]) => Promise<void>
  /** Ends the repetition: nobody knows then whether it is stored. */
  readonly signal: AbortSignal
  /** Called each time before it is repeated. */
  readonly failed: (error: AppError) => void
}

/**
 * False on a conflict. After an unknown outcome the very same append is repeated, which the log knows by the ids of its events,
 * until it is known: also a log that then says it stored nothing only speaks of the repetition.
 */
export const appendBatch = async (parts: RuntimeParts, { runId, batch, before, store, signal, failed }: Append): Promise<boolean> => {
  const texts = batch.sealed.map((sealed) => sealed.texts)
  const expected = before === undefined ? 'no-stream' : before.revision
  /** What the log has said of it, which later words on repetitions do not take back. */
  let unknown: AppError | undefined
  for (let tries = 0; ; tries++) {
    try {
      await store(batch.sealed.flatMap(({ blobs }) => blobs))
      await parts.log.append(streamOf(runId), expected, texts)
      return true
    } catch (error) {
      if (isAppError(error, 'EventLogConflict')) return false
      if (isAppError(error, 'OutcomeUnknown')) unknown = error
      const isAway = isAppError(error, 'OutcomeUnknown') || isUnavailable(error)
      if (unknown === undefined || !isAway) throw error
      failed(error)
      parts.notify({ type: 'appendRetried', runId, code: error.code, message: error.message })
      await retryPause(parts.clock, tries, signal)
      if (signal.aborted) throw unknown
    }
  }
}
