import { isAppError, messageOf, type AppError } from '../errors.ts'
import { streamOf } from '../events/codec.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Batch } from './batch.ts'
import type { RuntimeParts } from './runtime-parts.ts'

export interface Append {
  readonly runId: string
  readonly batch: Batch
  readonly before: RunState | undefined
  /** Whether a store that is away is waited for: the world has done something that the log has to know. */
  readonly insistent: boolean
  /** Resolves once the blob store holds these texts. */
  readonly store: (texts: readonly string[]) => Promise<void>
}

const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 5_000

/** False on a conflict. After an unknown outcome the very same append is repeated, which the log knows by the ids of its events. */
export const appendBatch = async (parts: RuntimeParts, { runId, batch, before, insistent, store }: Append): Promise<boolean> => {
  const texts = batch.sealed.map((sealed) => sealed.texts)
  const expected = before === undefined ? 'no-stream' : before.revision
  for (let tries = 0; ; tries++) {
    try {
      await store(batch.sealed.flatMap(({ blobs }) => blobs))
      await parts.log.append(streamOf(runId), expected, texts)
      return true
    } catch (error) {
      if (isAppError(error, 'EventLogConflict')) return false
      if (!mayRepeat(error, insistent)) throw error
      parts.notify({ type: 'appendRetried', runId, code: error.code, message: messageOf(error) })
      await pause(parts, Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(tries, 20)))
    }
  }
}

const mayRepeat = (error: unknown, insistent: boolean): error is AppError =>
  isAppError(error, 'OutcomeUnknown') || (insistent && isAppError(error, 'EventLogUnavailable'))

const pause = ({ clock }: RuntimeParts, delayMs: number): Promise<void> => new Promise((resolve) => void clock.setTimer(delayMs, resolve))
